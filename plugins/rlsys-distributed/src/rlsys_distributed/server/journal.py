"""What was acknowledged and is not yet in a learner's checkpoint, on disk.

Records are numbered 1, 2, 3, ... and lie in segments, files that are named after their first record
and only ever grow at the end. A kill can tear the last record; opening the journal cuts it off.
Records that the learner has saved are forgotten, a segment at a time.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rlsys.errors import UserError

SEGMENT_BYTES = 8 << 20
"""A segment that has reached this size is followed by another one."""

_HEADER = struct.Struct("<IIQ")  # bytes of the record, CRC-32 of number and record, number
_NUMBER = struct.Struct("<Q")
MOST_RECORD_BYTES = 1 << 30


@dataclass
class _Segment:
    """One file: its first record, and where each record begins."""

    path: Path
    first: int
    offsets: list[int]
    size: int

    @property
    def next(self) -> int:
        """Number of the record after its last one."""
        return self.first + len(self.offsets)


class Journal:
    """The records of one model.

    Args:
        folder: made if it is missing; nothing else may be in it.
        sync: whether every record is on the disk, and not only with the operating system, before
            it counts. A killed process loses nothing either way; a power cut does.

    Raises:
        UserError: the folder cannot be written, or a segment in the middle is damaged.
    """

    def __init__(self, folder: Path, *, sync: bool = False) -> None:
        self.folder = folder
        self._sync = sync
        try:
            folder.mkdir(parents=True, exist_ok=True)
            paths = sorted(folder.glob("*.log"))
            self._segments = [_opened(path, last=path == paths[-1]) for path in paths]
            if not self._segments:
                self._segments = [_new(folder, 1)]
            self._file: BinaryIO = self._segments[-1].path.open("r+b")
            self._file.seek(self._segments[-1].size)
        except OSError as error:
            raise UserError(f"{folder}: journal cannot be opened: {error.strerror}") from error
        for before, after in zip(self._segments, self._segments[1:], strict=False):
            if before.next != after.first:
                raise UserError(
                    f"{after.path}: damaged: it begins with record {after.first}, not {before.next}"
                )

    @property
    def first(self) -> int:
        """Number of the oldest record."""
        return self._segments[0].first

    @property
    def next(self) -> int:
        """Number of the next record to be written."""
        return self._segments[-1].next

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(segment.size for segment in self._segments)

    def append(self, record: bytes) -> int:
        """Write a record; return its number.

        Raises:
            OSError: it could not be written, such as on a full disk; the journal is as before.
        """
        segment = self._segments[-1]
        if segment.size >= SEGMENT_BYTES:
            segment = self._begin_segment()
        number = segment.next
        crc = zlib.crc32(record, zlib.crc32(_NUMBER.pack(number)))
        try:
            self._file.write(_HEADER.pack(len(record), crc, number))
            self._file.write(record)
            self._file.flush()
            if self._sync:
                os.fdatasync(self._file.fileno())
        except OSError:
            self._take_back(segment)
            raise
        segment.offsets.append(segment.size)
        segment.size += _HEADER.size + len(record)
        return number

    def read(self, first: int) -> Iterator[tuple[int, bytes]]:
        """Yield number and bytes of every record from `first` on that is there now.

        Raises:
            OSError: a file cannot be read.
        """
        for segment in list(self._segments):
            if segment.next <= first:
                continue
            start = max(first, segment.first) - segment.first
            with segment.path.open("rb") as file:
                file.seek(segment.offsets[start])
                for number in range(segment.first + start, segment.next):
                    size, _, _ = _HEADER.unpack(file.read(_HEADER.size))
                    yield number, file.read(size)

    def forget(self, below: int) -> None:
        """Delete the segments whose records are all below a number; the last one stays."""
        keep = bisect_right([segment.next for segment in self._segments[:-1]], below)
        for segment in self._segments[:keep]:
            segment.path.unlink(missing_ok=True)
        self._segments = self._segments[keep:]
        if self.next <= below and self._segments[-1].size:
            self._begin_segment()
            self.forget(below)

    def skip_to(self, number: int) -> None:
        """Number the next record `number`: a checkpoint has more records than the journal."""
        if number > self.next:
            self._start(number)
            for segment in self._segments[:-1]:
                segment.path.unlink(missing_ok=True)
            self._segments = self._segments[-1:]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _begin_segment(self) -> _Segment:
        return self._start(self.next)

    def _start(self, first: int) -> _Segment:
        segment = _new(self.folder, first)
        self._file.close()
        self._file = segment.path.open("r+b")
        self._segments.append(segment)
        return segment

    def _take_back(self, segment: _Segment) -> None:
        """Cut off what was written of a record; closing a file writes what it still holds."""
        with contextlib.suppress(OSError):  # the buffer of the failed write is given up
            self._file.close()
        os.truncate(segment.path, segment.size)
        self._file = segment.path.open("r+b")
        self._file.seek(segment.size)


def _new(folder: Path, first: int) -> _Segment:
    path = folder / f"{first:020d}.log"
    path.touch()
    return _Segment(path, first, [], 0)


def _opened(path: Path, *, last: bool) -> _Segment:
    """Read the places of all records; cut off what a kill has left of the last one.

    Raises:
        UserError: a damaged record that is not the last one of all.
    """
    try:
        first = int(path.stem)
    except ValueError as error:
        raise UserError(f"{path}: not a segment of a journal; move it elsewhere") from error
    segment = _Segment(path, first, [], 0)
    with path.open("rb") as file:
        while (head := file.read(_HEADER.size)) and len(head) == _HEADER.size:
            size, crc, number = _HEADER.unpack(head)
            if size > MOST_RECORD_BYTES or number != segment.next:
                break
            record = file.read(size)
            if len(record) < size or zlib.crc32(record, zlib.crc32(_NUMBER.pack(number))) != crc:
                break
            segment.offsets.append(segment.size)
            segment.size += _HEADER.size + size
        whole = path.stat().st_size
    if segment.size < whole:
        if not last:
            raise UserError(
                f"{path}: damaged after record {segment.next - 1}; restore it from a backup, or "
                "delete the journal and lose what was not learned yet"
            )
        os.truncate(path, segment.size)
    return segment
