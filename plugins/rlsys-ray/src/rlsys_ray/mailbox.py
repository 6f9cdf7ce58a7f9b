"""Reports of the tasks, stored on the driver's own node until the driver takes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rlsys_ray.jobs import Lines
from rlsys_ray.parcels import Parcel


@dataclass(frozen=True)
class Letter:
    """Lines and files of one attempt of a job."""

    number: int
    attempt: int
    lines: Lines
    files: Parcel


class Mailbox:
    """A Ray actor that runs where the driver does, so it outlives every other node."""

    def __init__(self) -> None:
        self._letters: list[Letter] = []
        self._stopped: set[int] = set()

    def deliver(self, letter: Letter) -> bool:
        """Take a letter; return whether its job must stop."""
        self._letters.append(letter)
        return letter.number in self._stopped

    def collect(self) -> list[Letter]:
        """Return the letters that have come since the last time."""
        letters, self._letters = self._letters, []
        return letters

    def stop(self, numbers: Iterable[int]) -> None:
        """Make jobs stop at their next boundary."""
        self._stopped.update(numbers)
