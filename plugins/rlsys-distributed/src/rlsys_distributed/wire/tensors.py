"""Arrays as messages: raw bytes with type and shape, and nothing that could be executed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError

Array = NDArray[Any]

DTYPES: dict[int, np.dtype[Any]] = {
    pb.FLOAT32: np.dtype("<f4"),
    pb.INT64: np.dtype("<i8"),
    pb.BOOL: np.dtype("?"),
    pb.UINT8: np.dtype("u1"),
    pb.FLOAT64: np.dtype("<f8"),
    pb.INT32: np.dtype("<i4"),
}
_TYPES = {dtype: number for number, dtype in DTYPES.items()}
_MOST_DIMENSIONS = 32


def type_of(dtype: np.dtype[Any]) -> int:
    """Return the message's number of a NumPy type.

    Raises:
        WireError: it has none.
    """
    number = _TYPES.get(dtype.newbyteorder("<"))
    if number is None:
        raise WireError(f"arrays of {dtype} cannot be sent; allowed are {_names()}")
    return number


def to_tensor(array: Array) -> pb.Tensor:
    """Return an array as a message."""
    array = np.asarray(array)
    number = type_of(array.dtype)
    data = np.ascontiguousarray(array, dtype=DTYPES[number]).tobytes()
    return pb.Tensor(type=number, shape=array.shape, data=data)  # type: ignore[arg-type]


def from_tensor(tensor: pb.Tensor, name: str) -> Array:
    """Return the array of a message, read-only and without a copy.

    Args:
        name: what it is, for the error.

    Raises:
        WireError: an unknown type, or data that do not fill the shape.
    """
    dtype = DTYPES.get(tensor.type)
    if dtype is None:
        raise WireError(f"{name}: unknown type {tensor.type}; allowed are {_names()}")
    shape = tuple(tensor.shape)
    if len(shape) > _MOST_DIMENSIONS:
        raise WireError(f"{name}: {len(shape)} dimensions; at most {_MOST_DIMENSIONS} are allowed")
    wanted = math.prod(shape) * dtype.itemsize
    if wanted != len(tensor.data):
        raise WireError(
            f"{name}: shape {shape} of {dtype.name} takes {wanted} bytes, but there are "
            f"{len(tensor.data)}"
        )
    if dtype == np.bool_:
        # Any other byte would be a bool that is neither True nor False.
        data = np.frombuffer(tensor.data, dtype=np.uint8)
        if data.size and data.max() > 1:
            raise WireError(f"{name}: a bool is the byte 0 or 1, not {int(data.max())}")
    return np.frombuffer(tensor.data, dtype=dtype).reshape(shape)


def _names() -> str:
    return ", ".join(dtype.name for dtype in DTYPES.values())
