"""Lines of numbers: comments and blanks taken out, line numbers kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rlsys.errors import UserError

COMMENT = re.compile(r"#.*|//.*")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?", re.ASCII)
DIGITS = 18
"""Longest number: it fits int64, and every limit of a field is below it."""


@dataclass(frozen=True)
class Line:
    """A line that holds more than a comment.

    Attributes:
        number: in the file, from 1.
        words: what blanks and tabs separate.
    """

    number: int
    words: tuple[str, ...]


def lines_of(text: str) -> list[Line]:
    """Split a text into its lines, without blank ones and comments (``#`` or ``//``)."""
    split = (COMMENT.sub("", line).split() for line in re.split(r"\r\n|\r|\n", text))
    return [Line(number, tuple(words)) for number, words in enumerate(split, start=1) if words]


def fault(source: str, line: int, place: str, what: str) -> UserError:
    """Return the error ``file: line n: place: what``."""
    return UserError(": ".join(part for part in (source, f"line {line}", place, what) if part))


def values(line: Line, source: str, place: str) -> list[int]:
    """Return the whole numbers of a line.

    Raises:
        UserError: a word is not a whole number.
    """
    digits = "".join(line.words)
    if digits.isascii() and digits.isdigit() and max(map(len, line.words)) <= DIGITS:
        return [int(word) for word in line.words]
    return [whole_number(word, line.number, source, place) for word in line.words]


def whole_number(word: str, line: int, source: str, place: str) -> int:
    """Return a whole number; ``+5``, ``5.0`` and ``1e3`` are whole numbers, too.

    Raises:
        UserError: it is not one.
    """
    shown = repr(word if len(word) <= 40 else word[:37] + "...")
    if not NUMBER.fullmatch(word):
        hint = "; put text behind a #" if word[0].isalpha() else ""
        raise fault(source, line, place, f"{shown} is not a number{hint}")
    value = Decimal(word)
    if value and value.adjusted() >= DIGITS:
        raise fault(source, line, place, f"{shown} is too large")
    if value != value.to_integral_value():
        raise fault(
            source,
            line,
            place,
            f"{shown} is not a whole number; choose a smaller unit of time for all durations",
        )
    return int(value)


MOST_JOBS = 1_000_000
MOST_MACHINES = 100_000


def sizes(words: Sequence[str], line: int, source: str) -> tuple[int, int]:
    """Return the numbers of jobs and machines, the first two words of a header.

    Raises:
        UserError: there are fewer, or they are no such numbers.
    """
    if len(words) < 2:
        raise fault(source, line, "header", "needs the number of jobs and the number of machines")
    jobs = whole_number(words[0], line, source, "header: jobs")
    machines = whole_number(words[1], line, source, "header: machines")
    if not 1 <= jobs <= MOST_JOBS:
        raise fault(source, line, "header: jobs", f"{jobs} must lie between 1 and {MOST_JOBS}")
    if not 1 <= machines <= MOST_MACHINES:
        raise fault(
            source, line, "header: machines", f"{machines} must lie between 1 and {MOST_MACHINES}"
        )
    return jobs, machines
