from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DataType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATA_TYPE_UNSPECIFIED: _ClassVar[DataType]
    FLOAT32: _ClassVar[DataType]
    INT64: _ClassVar[DataType]
    BOOL: _ClassVar[DataType]
    UINT8: _ClassVar[DataType]
    FLOAT64: _ClassVar[DataType]
    INT32: _ClassVar[DataType]

class Encoding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENCODING_UNSPECIFIED: _ClassVar[Encoding]
    EXACT: _ClassVar[Encoding]
    FLOAT16: _ClassVar[Encoding]
    INT8: _ClassVar[Encoding]

class Ending(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENDING_UNSPECIFIED: _ClassVar[Ending]
    CUT: _ClassVar[Ending]
    TERMINATED: _ClassVar[Ending]
    TRUNCATED: _ClassVar[Ending]
DATA_TYPE_UNSPECIFIED: DataType
FLOAT32: DataType
INT64: DataType
BOOL: DataType
UINT8: DataType
FLOAT64: DataType
INT32: DataType
ENCODING_UNSPECIFIED: Encoding
EXACT: Encoding
FLOAT16: Encoding
INT8: Encoding
ENDING_UNSPECIFIED: Ending
CUT: Ending
TERMINATED: Ending
TRUNCATED: Ending

class Part(_message.Message):
    __slots__ = ("data", "end", "size")
    DATA_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    end: bool
    size: int
    def __init__(self, data: _Optional[bytes] = ..., end: bool = ..., size: _Optional[int] = ...) -> None: ...

class Tensor(_message.Message):
    __slots__ = ("type", "shape", "data")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    type: DataType
    shape: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    def __init__(self, type: _Optional[_Union[DataType, str]] = ..., shape: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ...) -> None: ...

class Space(_message.Message):
    __slots__ = ("discrete", "multi_discrete", "box")
    class Discrete(_message.Message):
        __slots__ = ("n", "start")
        N_FIELD_NUMBER: _ClassVar[int]
        START_FIELD_NUMBER: _ClassVar[int]
        n: int
        start: int
        def __init__(self, n: _Optional[int] = ..., start: _Optional[int] = ...) -> None: ...
    class MultiDiscrete(_message.Message):
        __slots__ = ("n",)
        N_FIELD_NUMBER: _ClassVar[int]
        n: _containers.RepeatedScalarFieldContainer[int]
        def __init__(self, n: _Optional[_Iterable[int]] = ...) -> None: ...
    class Box(_message.Message):
        __slots__ = ("type", "shape", "low", "high")
        TYPE_FIELD_NUMBER: _ClassVar[int]
        SHAPE_FIELD_NUMBER: _ClassVar[int]
        LOW_FIELD_NUMBER: _ClassVar[int]
        HIGH_FIELD_NUMBER: _ClassVar[int]
        type: DataType
        shape: _containers.RepeatedScalarFieldContainer[int]
        low: _containers.RepeatedScalarFieldContainer[float]
        high: _containers.RepeatedScalarFieldContainer[float]
        def __init__(self, type: _Optional[_Union[DataType, str]] = ..., shape: _Optional[_Iterable[int]] = ..., low: _Optional[_Iterable[float]] = ..., high: _Optional[_Iterable[float]] = ...) -> None: ...
    DISCRETE_FIELD_NUMBER: _ClassVar[int]
    MULTI_DISCRETE_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    discrete: Space.Discrete
    multi_discrete: Space.MultiDiscrete
    box: Space.Box
    def __init__(self, discrete: _Optional[_Union[Space.Discrete, _Mapping]] = ..., multi_discrete: _Optional[_Union[Space.MultiDiscrete, _Mapping]] = ..., box: _Optional[_Union[Space.Box, _Mapping]] = ...) -> None: ...

class RegisterRequest(_message.Message):
    __slots__ = ("client_id", "instance", "model", "observation", "action", "masked", "items", "algorithm", "settings", "software", "encodings", "first_sequence")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    MASKED_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    ENCODINGS_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    instance: bytes
    model: str
    observation: Space
    action: Space
    masked: bool
    items: bool
    algorithm: str
    settings: str
    software: str
    encodings: _containers.RepeatedScalarFieldContainer[Encoding]
    first_sequence: int
    def __init__(self, client_id: _Optional[str] = ..., instance: _Optional[bytes] = ..., model: _Optional[str] = ..., observation: _Optional[_Union[Space, _Mapping]] = ..., action: _Optional[_Union[Space, _Mapping]] = ..., masked: bool = ..., items: bool = ..., algorithm: _Optional[str] = ..., settings: _Optional[str] = ..., software: _Optional[str] = ..., encodings: _Optional[_Iterable[_Union[Encoding, str]]] = ..., first_sequence: _Optional[int] = ...) -> None: ...

class RegisterResponse(_message.Message):
    __slots__ = ("session", "model", "incarnation", "algorithm", "settings", "acknowledged", "limits", "software")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    session: str
    model: str
    incarnation: bytes
    algorithm: str
    settings: str
    acknowledged: int
    limits: Limits
    software: str
    def __init__(self, session: _Optional[str] = ..., model: _Optional[str] = ..., incarnation: _Optional[bytes] = ..., algorithm: _Optional[str] = ..., settings: _Optional[str] = ..., acknowledged: _Optional[int] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., software: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("trajectory_bytes", "trajectory_steps", "part_bytes", "window", "max_lag")
    TRAJECTORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    TRAJECTORY_STEPS_FIELD_NUMBER: _ClassVar[int]
    PART_BYTES_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    MAX_LAG_FIELD_NUMBER: _ClassVar[int]
    trajectory_bytes: int
    trajectory_steps: int
    part_bytes: int
    window: int
    max_lag: int
    def __init__(self, trajectory_bytes: _Optional[int] = ..., trajectory_steps: _Optional[int] = ..., part_bytes: _Optional[int] = ..., window: _Optional[int] = ..., max_lag: _Optional[int] = ...) -> None: ...

class ModelsRequest(_message.Message):
    __slots__ = ("version", "incarnation")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    version: int
    incarnation: bytes
    def __init__(self, version: _Optional[int] = ..., incarnation: _Optional[bytes] = ...) -> None: ...

class ModelUpdate(_message.Message):
    __slots__ = ("version", "incarnation", "base", "encoding", "header", "tensors", "data", "size", "checksum", "exploration")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    TENSORS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_FIELD_NUMBER: _ClassVar[int]
    version: int
    incarnation: bytes
    base: int
    encoding: Encoding
    header: str
    tensors: _containers.RepeatedCompositeFieldContainer[TensorName]
    data: bytes
    size: int
    checksum: int
    exploration: Exploration
    def __init__(self, version: _Optional[int] = ..., incarnation: _Optional[bytes] = ..., base: _Optional[int] = ..., encoding: _Optional[_Union[Encoding, str]] = ..., header: _Optional[str] = ..., tensors: _Optional[_Iterable[_Union[TensorName, _Mapping]]] = ..., data: _Optional[bytes] = ..., size: _Optional[int] = ..., checksum: _Optional[int] = ..., exploration: _Optional[_Union[Exploration, _Mapping]] = ...) -> None: ...

class TensorName(_message.Message):
    __slots__ = ("name", "type", "shape")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: DataType
    shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[DataType, str]] = ..., shape: _Optional[_Iterable[int]] = ...) -> None: ...

class Exploration(_message.Message):
    __slots__ = ("softmax", "gaussian", "epsilon_greedy")
    class Softmax(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class Gaussian(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class EpsilonGreedy(_message.Message):
        __slots__ = ("epsilon",)
        EPSILON_FIELD_NUMBER: _ClassVar[int]
        epsilon: float
        def __init__(self, epsilon: _Optional[float] = ...) -> None: ...
    SOFTMAX_FIELD_NUMBER: _ClassVar[int]
    GAUSSIAN_FIELD_NUMBER: _ClassVar[int]
    EPSILON_GREEDY_FIELD_NUMBER: _ClassVar[int]
    softmax: Exploration.Softmax
    gaussian: Exploration.Gaussian
    epsilon_greedy: Exploration.EpsilonGreedy
    def __init__(self, softmax: _Optional[_Union[Exploration.Softmax, _Mapping]] = ..., gaussian: _Optional[_Union[Exploration.Gaussian, _Mapping]] = ..., epsilon_greedy: _Optional[_Union[Exploration.EpsilonGreedy, _Mapping]] = ...) -> None: ...

class Trajectory(_message.Message):
    __slots__ = ("sequence", "episode", "first_step", "ending", "observations", "actions", "rewards", "log_probabilities", "masks", "next_observation", "next_mask", "versions", "incarnation")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    FIRST_STEP_FIELD_NUMBER: _ClassVar[int]
    ENDING_FIELD_NUMBER: _ClassVar[int]
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    REWARDS_FIELD_NUMBER: _ClassVar[int]
    LOG_PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    MASKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    NEXT_MASK_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    episode: int
    first_step: int
    ending: Ending
    observations: Tensor
    actions: Tensor
    rewards: Tensor
    log_probabilities: Tensor
    masks: Tensor
    next_observation: Tensor
    next_mask: Tensor
    versions: _containers.RepeatedCompositeFieldContainer[VersionRun]
    incarnation: bytes
    def __init__(self, sequence: _Optional[int] = ..., episode: _Optional[int] = ..., first_step: _Optional[int] = ..., ending: _Optional[_Union[Ending, str]] = ..., observations: _Optional[_Union[Tensor, _Mapping]] = ..., actions: _Optional[_Union[Tensor, _Mapping]] = ..., rewards: _Optional[_Union[Tensor, _Mapping]] = ..., log_probabilities: _Optional[_Union[Tensor, _Mapping]] = ..., masks: _Optional[_Union[Tensor, _Mapping]] = ..., next_observation: _Optional[_Union[Tensor, _Mapping]] = ..., next_mask: _Optional[_Union[Tensor, _Mapping]] = ..., versions: _Optional[_Iterable[_Union[VersionRun, _Mapping]]] = ..., incarnation: _Optional[bytes] = ...) -> None: ...

class VersionRun(_message.Message):
    __slots__ = ("version", "steps")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    version: int
    steps: int
    def __init__(self, version: _Optional[int] = ..., steps: _Optional[int] = ...) -> None: ...

class Acknowledgement(_message.Message):
    __slots__ = ("sequence", "window", "refusals")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    window: int
    refusals: _containers.RepeatedCompositeFieldContainer[Refusal]
    def __init__(self, sequence: _Optional[int] = ..., window: _Optional[int] = ..., refusals: _Optional[_Iterable[_Union[Refusal, _Mapping]]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("sequence", "reason", "message")
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REASON_UNSPECIFIED: _ClassVar[Refusal.Reason]
        BAD: _ClassVar[Refusal.Reason]
        STALE: _ClassVar[Refusal.Reason]
        OVERLOADED: _ClassVar[Refusal.Reason]
        OTHER_MODEL: _ClassVar[Refusal.Reason]
    REASON_UNSPECIFIED: Refusal.Reason
    BAD: Refusal.Reason
    STALE: Refusal.Reason
    OVERLOADED: Refusal.Reason
    OTHER_MODEL: Refusal.Reason
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    reason: Refusal.Reason
    message: str
    def __init__(self, sequence: _Optional[int] = ..., reason: _Optional[_Union[Refusal.Reason, str]] = ..., message: _Optional[str] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatusResponse(_message.Message):
    __slots__ = ("software", "uptime_seconds", "models", "refused_calls")
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_CALLS_FIELD_NUMBER: _ClassVar[int]
    software: str
    uptime_seconds: float
    models: _containers.RepeatedCompositeFieldContainer[ModelStatus]
    refused_calls: int
    def __init__(self, software: _Optional[str] = ..., uptime_seconds: _Optional[float] = ..., models: _Optional[_Iterable[_Union[ModelStatus, _Mapping]]] = ..., refused_calls: _Optional[int] = ...) -> None: ...

class ModelStatus(_message.Message):
    __slots__ = ("name", "algorithm", "version", "run", "state", "problem", "clients", "steps_received", "steps_learned", "steps_stale", "steps_dropped", "steps_bad", "steps_waiting", "journal_bytes", "episodes", "mean_return")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    CLIENTS_FIELD_NUMBER: _ClassVar[int]
    STEPS_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    STEPS_LEARNED_FIELD_NUMBER: _ClassVar[int]
    STEPS_STALE_FIELD_NUMBER: _ClassVar[int]
    STEPS_DROPPED_FIELD_NUMBER: _ClassVar[int]
    STEPS_BAD_FIELD_NUMBER: _ClassVar[int]
    STEPS_WAITING_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    MEAN_RETURN_FIELD_NUMBER: _ClassVar[int]
    name: str
    algorithm: str
    version: int
    run: str
    state: str
    problem: str
    clients: _containers.RepeatedCompositeFieldContainer[ClientStatus]
    steps_received: int
    steps_learned: int
    steps_stale: int
    steps_dropped: int
    steps_bad: int
    steps_waiting: int
    journal_bytes: int
    episodes: int
    mean_return: float
    def __init__(self, name: _Optional[str] = ..., algorithm: _Optional[str] = ..., version: _Optional[int] = ..., run: _Optional[str] = ..., state: _Optional[str] = ..., problem: _Optional[str] = ..., clients: _Optional[_Iterable[_Union[ClientStatus, _Mapping]]] = ..., steps_received: _Optional[int] = ..., steps_learned: _Optional[int] = ..., steps_stale: _Optional[int] = ..., steps_dropped: _Optional[int] = ..., steps_bad: _Optional[int] = ..., steps_waiting: _Optional[int] = ..., journal_bytes: _Optional[int] = ..., episodes: _Optional[int] = ..., mean_return: _Optional[float] = ...) -> None: ...

class ClientStatus(_message.Message):
    __slots__ = ("client_id", "connected", "silent_seconds", "steps", "software")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    SILENT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    connected: bool
    silent_seconds: float
    steps: int
    software: str
    def __init__(self, client_id: _Optional[str] = ..., connected: bool = ..., silent_seconds: _Optional[float] = ..., steps: _Optional[int] = ..., software: _Optional[str] = ...) -> None: ...
