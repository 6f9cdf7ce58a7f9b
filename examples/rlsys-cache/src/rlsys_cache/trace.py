"""Read access traces in common formats into one array of block numbers.

The ending of the file selects one of three formats:

* ``.lis``: the traces of the ARC paper (Megiddo and Modha, FAST 2003). Four whole numbers per
  line: first block, number of blocks (of 512 bytes), an ignored field, request number. One line
  makes as many requests as it has blocks.
* ``.spc``: the trace format of the Storage Performance Council, as in the UMass repository:
  ``ASU,LBA,size,opcode,timestamp``, possibly followed by more fields. The ASU is a storage unit,
  the LBA its block, the size is in bytes, the opcode R or W, the timestamp in seconds. A block has
  512 bytes; both reads and writes are requests; every unit has its own blocks.
* ``.csv``: ``time,key,size``, with or without a header line; the size is optional. A key is any
  text; only keys that are whole numbers have neighbours.

Every block or key takes one place in the cache, whatever its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rlsys.errors import ConfigError

BLOCK = 512
"""Bytes per block."""
MOST_REQUESTS = 50_000_000
"""A longer trace is an error: it would not fit into memory."""
_UNIT = 1 << 40
"""Blocks between two storage units of an SPC trace."""

Blocks = NDArray[np.int64]
Run = tuple[int, int]
"""First block and number of blocks of one line."""
Lines = Iterator[tuple[int, str]]


class _BadLineError(ValueError):
    """A line that cannot be read, and why."""

    def __init__(self, number: int, fault: str) -> None:
        super().__init__(fault)
        self.number = number


def read_trace(path: str | Path) -> Blocks:
    """Return the requested blocks in order, (requests,).

    Raises:
        ConfigError: not readable, an unknown ending, or ``file:line: what is wrong``.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(
            f"{path}: the ending {path.suffix!r} is not a trace format; "
            f"give the file one of {', '.join(_READERS)}"
        )
    starts: list[int] = []
    counts: list[int] = []
    total = 0
    try:
        for start, count in reader(_lines(path)):
            starts.append(start)
            counts.append(count)
            total += count
            if total > MOST_REQUESTS:
                raise ConfigError(
                    f"{path}: more than {MOST_REQUESTS:,} requests; cut the trace into pieces"
                )
    except _BadLineError as error:
        raise ConfigError(f"{path}:{error.number}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(f"{path}: cannot be read: {reason}") from error
    if not total:
        raise ConfigError(f"{path}: has no requests; a trace has at least one line")
    return unroll(np.array(starts, np.int64), np.array(counts, np.int64))


def unroll(starts: Blocks, counts: Blocks) -> Blocks:
    """Return every block of every run: ``start, start + 1, ...``, `count` of them."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(int(counts.sum()))


def lis_line(start: int, count: int, number: int) -> str:
    """Return one line of a ``.lis`` file."""
    return f"{start} {count} 0 {number}\n"


def _lines(path: Path) -> Lines:
    """Return the numbered lines that are not empty."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line.strip()


def _lis(lines: Lines) -> Iterator[Run]:
    for number, line in lines:
        fields = line.split()
        if len(fields) != 4:
            raise _BadLineError(
                number,
                f"must be 'first_block blocks ignored request_number', not {_shown(line)}",
            )
        start = _whole(number, "first block", fields[0], least=0)
        count = _whole(number, "number of blocks", fields[1], least=1)
        _whole(number, "request number", fields[3], least=0)
        yield start, count


def _spc(lines: Lines) -> Iterator[Run]:
    for number, line in lines:
        fields = [field.strip() for field in line.split(",")]
        if len(fields) < 5:
            raise _BadLineError(
                number, f"must be 'ASU,LBA,size,opcode,timestamp', not {_shown(line)}"
            )
        unit = _whole(number, "ASU", fields[0], least=0)
        start = _whole(number, "LBA", fields[1], least=0, below=_UNIT)
        size = _whole(number, "size in bytes", fields[2], least=0)
        if fields[3].upper() not in ("R", "W"):
            raise _BadLineError(number, f"the opcode must be R or W, not {fields[3]!r}")
        _seconds(number, fields[4])
        if size:  # the format allows requests that transfer nothing
            yield unit * _UNIT + start, -(-size // BLOCK)


def _csv(lines: Lines) -> Iterator[Run]:
    texts: dict[str, int] = {}
    for index, (number, line) in enumerate(lines):
        fields = [field.strip() for field in line.split(",")]
        if len(fields) not in (2, 3) or not fields[1]:
            raise _BadLineError(number, f"must be 'time,key,size', not {_shown(line)}")
        if index == 0 and not _is_number(fields[0]):
            continue  # the header
        _seconds(number, fields[0])
        if len(fields) == 3:
            _whole(number, "size", fields[2], least=0)
        key = fields[1]
        if key.isdecimal() and str(int(key)) == key and int(key) < 1 << 62:
            yield int(key), 1
        else:
            # Even negative numbers: distinct from numeric keys, and never neighbours.
            yield -2 * texts.setdefault(key, len(texts) + 1), 1


_READERS: dict[str, Callable[[Lines], Iterator[Run]]] = {".lis": _lis, ".spc": _spc, ".csv": _csv}


def _whole(number: int, name: str, text: str, *, least: int, below: int = 1 << 62) -> int:
    value = int(text) if text.isdecimal() else -1
    if not least <= value < below:
        raise _BadLineError(
            number, f"the {name} must be a whole number in {least}..{below - 1}, not {text!r}"
        )
    return value


def _seconds(number: int, text: str) -> None:
    if not _is_number(text):
        raise _BadLineError(number, f"the time must be a number of seconds, not {text!r}")


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _shown(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:57] + "...")
