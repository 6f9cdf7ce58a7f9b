"""Model updates: whole versions, and true differences to the version that a program holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.model import Layout, Version, layout_of

Array = NDArray[Any]
Bytes = NDArray[np.uint8]

_LEVEL = 3
_INT8 = 127


@dataclass(frozen=True)
class Release:
    """An update as it is sent, and what a program then holds.

    Attributes:
        held: bit for bit what is held after it; differs from the model where the encoding rounds.
    """

    update: pb.ModelUpdate
    held: Version

    @property
    def size(self) -> int:
        """Bytes of the update."""
        return int(self.update.ByteSize())


def whole(version: Version, incarnation: bytes) -> Release:
    """Return a version as a whole."""
    update = _update(version, incarnation, version.data, pb.EXACT)
    update.header = version.layout.header
    update.tensors.extend(version.layout.messages())
    return Release(update, version)


def difference(held: Version, version: Version, incarnation: bytes, encoding: int) -> Release:
    """Return the update from what a program holds to `version`.

    Args:
        encoding: `EXACT`, `FLOAT16` or `INT8`.
    """
    if encoding == pb.EXACT:
        content, data = _planes(held.data, version.data), version.data
    else:
        content, data = _rounded(held, version, encoding)
    reached = Version(version.number, version.layout, data, version.exploration)
    update = _update(reached, incarnation, content, encoding)
    update.base = held.number
    return Release(update, reached)


def smallest(held: Version | None, version: Version, incarnation: bytes, encoding: int) -> Release:
    """Return a difference, or the whole version where there is no base or that is smaller."""
    if held is None or held.layout != version.layout:
        return whole(version, incarnation)
    step = difference(held, version, incarnation, encoding)
    if encoding != pb.EXACT:
        return step
    full = whole(version, incarnation)
    return step if step.size <= full.size else full


def apply(held: Version | None, update: pb.ModelUpdate, most_bytes: int) -> Version:
    """Return the version that an update makes of the one that is held.

    Args:
        most_bytes: most bytes of all tensors.

    Raises:
        WireError: it is malformed, larger than allowed, a difference to another version, or the
            checksum differs.
    """
    if update.base:
        if held is None or held.number != update.base:
            there = "none" if held is None else held.number
            raise WireError(f"a difference to version {update.base}, but {there} is held")
        layout = held.layout
    else:
        layout = layout_of(update.header, update.tensors)
        if layout.size > most_bytes:
            raise WireError(f"a model of {layout.size} bytes; at most {most_bytes} are allowed")
    content = _decompressed(update, most_bytes)
    data = _applied(held, layout, update, content)
    reached = Version(update.version, layout, data, update.exploration)
    if reached.checksum != update.checksum:
        raise WireError(f"version {update.version}: the checksum differs")
    return reached


def _update(version: Version, incarnation: bytes, content: bytes, encoding: int) -> pb.ModelUpdate:
    return pb.ModelUpdate(
        version=version.number,
        incarnation=incarnation,
        encoding=encoding,  # type: ignore[arg-type]
        data=zstandard.ZstdCompressor(level=_LEVEL).compress(content),
        size=len(content),
        checksum=version.checksum,
        exploration=version.exploration,
    )


def _decompressed(update: pb.ModelUpdate, most_bytes: int) -> bytes:
    if update.size > most_bytes:
        raise WireError(f"an update of {update.size} bytes; at most {most_bytes} are allowed")
    try:
        # Never more than it says: what was compressed may be far larger than its bytes.
        content = zstandard.ZstdDecompressor().stream_reader(update.data).read(update.size + 1)
    except zstandard.ZstdError as error:
        raise WireError(f"version {update.version}: {error}") from error
    if len(content) != update.size:
        raise WireError(f"version {update.version}: not {update.size} bytes once decompressed")
    return content


def _applied(held: Version | None, layout: Layout, update: pb.ModelUpdate, content: bytes) -> bytes:
    if held is None or not update.base:
        wanted, found = layout.size, content
    elif update.encoding == pb.EXACT:
        wanted, found = layout.size, _from_planes(held.data, content)
    elif update.encoding in (pb.FLOAT16, pb.INT8):
        wanted, found = _rounded_size(layout, update.encoding), b""
        if len(content) == wanted:
            found = _from_rounded(held, content, update.encoding)
    else:
        raise WireError(f"version {update.version}: unknown encoding {update.encoding}")
    if len(content) != wanted:
        raise WireError(
            f"version {update.version}: {len(content)} bytes, but its tensors take {wanted}"
        )
    return found


def _planes(old: bytes, new: bytes) -> bytes:
    """Return what differs, all first bytes of four before all second ones, and so on."""
    changed: Bytes = np.frombuffer(old, np.uint8) ^ np.frombuffer(new, np.uint8)
    return changed.reshape(-1, 4).T.tobytes()


def _from_planes(old: bytes, content: bytes) -> bytes:
    if len(content) != len(old):
        return b""
    changed = np.frombuffer(content, np.uint8).reshape(4, -1).T
    return (np.frombuffer(old, np.uint8).reshape(-1, 4) ^ changed).tobytes()


def _rounded(held: Version, version: Version, encoding: int) -> tuple[bytes, bytes]:
    """Return the rounded differences, and the tensors that they lead to."""
    old, new = held.layout.arrays(held.data), version.layout.arrays(version.data)
    content, data = [], []
    for name, value in new.items():
        if value.dtype != np.float32:
            content.append(value.tobytes())
            data.append(value.tobytes())
            continue
        change = value - old[name]
        if encoding == pb.FLOAT16:
            most = np.float32(np.finfo(np.float16).max)
            half = np.clip(change, -most, most).astype("<f2")
            content.append(half.tobytes())
            reached = old[name] + half.astype(np.float32)
        else:
            scale = np.float32(np.abs(change).max(initial=0.0) / _INT8)
            steps = np.zeros(change.shape, np.int8)
            if scale > 0:
                steps = np.clip(np.rint(change / scale), -_INT8, _INT8).astype(np.int8)
            content.append(np.array(scale, "<f4").tobytes() + steps.tobytes())
            reached = old[name] + scale * steps.astype(np.float32)
        data.append(np.ascontiguousarray(reached, "<f4").tobytes())
    return b"".join(content), b"".join(data)


def _rounded_size(layout: Layout, encoding: int) -> int:
    total = 0
    for dtype, size in zip(layout.dtypes, layout.sizes, strict=True):
        if dtype != np.float32:
            total += size
        else:
            total += size // 2 if encoding == pb.FLOAT16 else 4 + size // 4
    return total


def _from_rounded(held: Version, content: bytes, encoding: int) -> bytes:
    data, begin = [], 0
    for value in held.layout.arrays(held.data).values():
        if value.dtype != np.float32:
            size = value.nbytes
            data.append(content[begin : begin + size])
        elif encoding == pb.FLOAT16:
            size = 2 * value.size
            half = np.frombuffer(content[begin : begin + size], "<f2").reshape(value.shape)
            data.append(np.ascontiguousarray(value + half.astype(np.float32), "<f4").tobytes())
        else:
            size = 4 + value.size
            scale = np.frombuffer(content[begin : begin + 4], "<f4")[0]
            steps = np.frombuffer(content[begin + 4 : begin + size], np.int8)
            change = scale * steps.astype(np.float32).reshape(value.shape)
            data.append(np.ascontiguousarray(value + change, "<f4").tobytes())
        begin += size
    return b"".join(data)
