"""Large messages in parts, so that none comes near gRPC's limit."""

from __future__ import annotations

from collections.abc import Iterator

from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError

PART_BYTES = 256 * 1024
"""Most bytes of data in one part."""


def parts_of(message: bytes, part_bytes: int = PART_BYTES) -> Iterator[pb.Part]:
    """Yield a serialised message in parts."""
    size = len(message)
    if size <= part_bytes:
        yield pb.Part(data=message, end=True, size=size)
        return
    for begin in range(0, size, part_bytes):
        stop = begin + part_bytes
        yield pb.Part(data=message[begin:stop], end=stop >= size, size=size if begin == 0 else 0)


class Assembler:
    """Puts the parts of one stream together.

    Args:
        most_bytes: of one message.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._there = 0

    def take(self, part: pb.Part) -> bytes | None:
        """Return the whole message if this part ends it.

        Raises:
            WireError: it is larger than allowed, or not as large as its first part said.
        """
        if not self._parts:
            self._size, self._there = part.size, 0
            if self._size > self._most:
                raise WireError(
                    f"a message of {self._size} bytes; at most {self._most} are allowed"
                )
        self._there += len(part.data)
        if self._there > self._size or (part.end and self._there != self._size):
            raise WireError(
                f"a message of {self._size} bytes, as its first part says, has {self._there}"
            )
        if part.end and not self._parts:
            return part.data
        self._parts.append(part.data)
        if not part.end:
            return None
        whole = b"".join(self._parts)
        self._parts = []
        return whole
