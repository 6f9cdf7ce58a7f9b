"""A version of a model as a string of bytes with names, and how a program explores with it."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.network import Network
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.tensors import DTYPES, type_of

Array = NDArray[Any]

LOG_STD = "exploration.log_std"
"""The tensor with the logarithms of the standard deviations of normal noise."""


@dataclass(frozen=True)
class Layout:
    """What the bytes of a version mean.

    Attributes:
        header: of the portable network, as JSON text.
        names, dtypes, shapes: of its tensors, in order.
    """

    header: str
    names: tuple[str, ...]
    dtypes: tuple[np.dtype[Any], ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> list[int]:
        """Bytes of every tensor."""
        pairs = zip(self.dtypes, self.shapes, strict=True)
        return [dtype.itemsize * math.prod(shape) for dtype, shape in pairs]

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return sum(self.sizes)

    def arrays(self, data: bytes) -> dict[str, Array]:
        """Return the tensors by name, read-only."""
        found, begin = {}, 0
        for name, dtype, shape, size in zip(
            self.names, self.dtypes, self.shapes, self.sizes, strict=True
        ):
            found[name] = np.frombuffer(data[begin : begin + size], dtype).reshape(shape)
            begin += size
        return found

    def messages(self) -> list[pb.TensorName]:
        """Return the tensors' names as messages."""
        return [
            pb.TensorName(name=name, type=type_of(dtype), shape=shape)  # type: ignore[arg-type]
            for name, dtype, shape in zip(self.names, self.dtypes, self.shapes, strict=True)
        ]


def layout_of(header: str, tensors: Sequence[pb.TensorName]) -> Layout:
    """Return the layout of a message.

    Raises:
        WireError: an unknown type.
    """
    for tensor in tensors:
        if tensor.type not in DTYPES:
            raise WireError(f"tensor {tensor.name!r}: unknown type {tensor.type}")
    return Layout(
        header,
        tuple(tensor.name for tensor in tensors),
        tuple(DTYPES[tensor.type] for tensor in tensors),
        tuple(tuple(tensor.shape) for tensor in tensors),
    )


@dataclass(frozen=True)
class Version:
    """One version of a model.

    Attributes:
        number: 1, 2, ... within an incarnation.
        data: all tensors one after another, little endian.
    """

    number: int
    layout: Layout
    data: bytes
    exploration: pb.Exploration

    @property
    def checksum(self) -> int:
        """CRC-32 of the data."""
        return zlib.crc32(self.data)


def version_of(
    number: int,
    network: Network,
    exploration: pb.Exploration,
    log_std: NDArray[np.float32] | None = None,
) -> Version:
    """Return a network as a version.

    Args:
        log_std: for normal noise, in the units of the action space.
    """
    header, arrays = network.parts()
    header["notes"] = {}
    if log_std is not None:
        arrays = {**arrays, LOG_STD: np.asarray(log_std, np.float32)}
    little = {
        name: np.ascontiguousarray(a, a.dtype.newbyteorder("<")) for name, a in arrays.items()
    }
    layout = Layout(
        json.dumps(header, sort_keys=True),
        tuple(little),
        tuple(array.dtype for array in little.values()),
        tuple(array.shape for array in little.values()),
    )
    return Version(number, layout, b"".join(a.tobytes() for a in little.values()), exploration)


def network_of(version: Version) -> tuple[Network, NDArray[np.float32] | None]:
    """Return the network of a version, and the log standard deviations if it has normal noise.

    Raises:
        WireError: the header or the tensors are not those of a network.
    """
    arrays = version.layout.arrays(version.data)
    log_std = arrays.pop(LOG_STD, None)
    try:
        header: Mapping[str, Any] = json.loads(version.layout.header)
        network = Network.of_parts(header, arrays, f"version {version.number}")
    except Exception as error:
        raise WireError(f"version {version.number}: {error}") from error
    return network, log_std


def softmax() -> pb.Exploration:
    """Draw actions with the softmax of the logits."""
    return pb.Exploration(softmax=pb.Exploration.Softmax())


def gaussian() -> pb.Exploration:
    """Add normal noise to the outputs."""
    return pb.Exploration(gaussian=pb.Exploration.Gaussian())


def epsilon_greedy(epsilon: float) -> pb.Exploration:
    """Draw any action with probability `epsilon`."""
    return pb.Exploration(epsilon_greedy=pb.Exploration.EpsilonGreedy(epsilon=epsilon))
