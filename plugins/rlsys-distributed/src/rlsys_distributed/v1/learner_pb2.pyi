from rlsys_distributed.v1 import trainer_pb2 as _trainer_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AttachRequest(_message.Message):
    __slots__ = ("model", "next_record")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    NEXT_RECORD_FIELD_NUMBER: _ClassVar[int]
    model: str
    next_record: int
    def __init__(self, model: _Optional[str] = ..., next_record: _Optional[int] = ...) -> None: ...

class AttachResponse(_message.Message):
    __slots__ = ("incarnation", "first_record", "next_record", "last_version")
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    FIRST_RECORD_FIELD_NUMBER: _ClassVar[int]
    NEXT_RECORD_FIELD_NUMBER: _ClassVar[int]
    LAST_VERSION_FIELD_NUMBER: _ClassVar[int]
    incarnation: bytes
    first_record: int
    next_record: int
    last_version: int
    def __init__(self, incarnation: _Optional[bytes] = ..., first_record: _Optional[int] = ..., next_record: _Optional[int] = ..., last_version: _Optional[int] = ...) -> None: ...

class RecordsRequest(_message.Message):
    __slots__ = ("model", "first_record")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    FIRST_RECORD_FIELD_NUMBER: _ClassVar[int]
    model: str
    first_record: int
    def __init__(self, model: _Optional[str] = ..., first_record: _Optional[int] = ...) -> None: ...

class JournalRecord(_message.Message):
    __slots__ = ("number", "client_id", "instance", "trajectory")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    TRAJECTORY_FIELD_NUMBER: _ClassVar[int]
    number: int
    client_id: str
    instance: bytes
    trajectory: _trainer_pb2.Trajectory
    def __init__(self, number: _Optional[int] = ..., client_id: _Optional[str] = ..., instance: _Optional[bytes] = ..., trajectory: _Optional[_Union[_trainer_pb2.Trajectory, _Mapping]] = ...) -> None: ...

class ModelState(_message.Message):
    __slots__ = ("model", "version", "header", "tensors", "data", "exploration")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    TENSORS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: int
    header: str
    tensors: _containers.RepeatedCompositeFieldContainer[_trainer_pb2.TensorName]
    data: bytes
    exploration: _trainer_pb2.Exploration
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ..., header: _Optional[str] = ..., tensors: _Optional[_Iterable[_Union[_trainer_pb2.TensorName, _Mapping]]] = ..., data: _Optional[bytes] = ..., exploration: _Optional[_Union[_trainer_pb2.Exploration, _Mapping]] = ...) -> None: ...

class PublishResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReportRequest(_message.Message):
    __slots__ = ("model", "saved_record", "taken_record", "steps_learned", "steps_stale", "episodes", "mean_return")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SAVED_RECORD_FIELD_NUMBER: _ClassVar[int]
    TAKEN_RECORD_FIELD_NUMBER: _ClassVar[int]
    STEPS_LEARNED_FIELD_NUMBER: _ClassVar[int]
    STEPS_STALE_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    MEAN_RETURN_FIELD_NUMBER: _ClassVar[int]
    model: str
    saved_record: int
    taken_record: int
    steps_learned: int
    steps_stale: int
    episodes: int
    mean_return: float
    def __init__(self, model: _Optional[str] = ..., saved_record: _Optional[int] = ..., taken_record: _Optional[int] = ..., steps_learned: _Optional[int] = ..., steps_stale: _Optional[int] = ..., episodes: _Optional[int] = ..., mean_return: _Optional[float] = ...) -> None: ...

class ReportResponse(_message.Message):
    __slots__ = ("save", "finish")
    SAVE_FIELD_NUMBER: _ClassVar[int]
    FINISH_FIELD_NUMBER: _ClassVar[int]
    save: bool
    finish: bool
    def __init__(self, save: bool = ..., finish: bool = ...) -> None: ...
