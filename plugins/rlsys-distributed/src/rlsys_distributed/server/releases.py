"""The versions of one model as updates: each program gets what it lacks, as small as possible."""

from __future__ import annotations

from collections import deque

from rlsys_distributed.wire.model import Version
from rlsys_distributed.wire.updates import Release, smallest, whole

KEPT = 8
"""Differences that are kept; a program that is further behind gets a whole version."""


class Releases:
    """The updates of one model in one encoding.

    Args:
        incarnation: of the model.
        encoding: of the differences.
    """

    def __init__(self, incarnation: bytes, encoding: int) -> None:
        self._incarnation = incarnation
        self._encoding = encoding
        self._chain: deque[Release] = deque(maxlen=KEPT)
        self._whole: Release | None = None

    @property
    def held(self) -> Version | None:
        """What a program holds that has got everything."""
        return self._chain[-1].held if self._chain else None

    def add(self, version: Version) -> None:
        """Make a new version ready to be sent."""
        self._chain.append(smallest(self.held, version, self._incarnation, self._encoding))
        self._whole = None

    def since(self, number: int, incarnation: bytes) -> list[Release]:
        """Return the updates from version `number` of an incarnation to the newest one."""
        held = self.held
        if held is None or (number == held.number and incarnation == self._incarnation):
            return []
        if self._whole is None:
            self._whole = whole(held, self._incarnation)
        steps = self._steps(number) if incarnation == self._incarnation else None
        if steps is None or sum(step.size for step in steps) >= self._whole.size:
            return [self._whole]
        return steps

    def _steps(self, number: int) -> list[Release] | None:
        """Return the differences that lead on from version `number`, or None."""
        found: list[Release] = []
        for release in reversed(self._chain):
            found.append(release)
            if not release.update.base:
                return found[::-1]  # whole: what came before does not matter
            if release.update.base == number:
                return found[::-1]
        return None
