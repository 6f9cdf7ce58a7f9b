"""One direction of a path: a link with a rate, a bounded queue in front, a delay and random loss.

Time is passed in and never read from a clock, so that the arithmetic can be tested exactly.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections import deque

from rlsys.errors import UserError


@dataclasses.dataclass(frozen=True)
class LinkSettings:
    """What a link does to frames; raises UserError for values that no link can have."""

    delay: float
    """Seconds from the last bit sent to its arrival."""
    rate: float
    """Bits per second, including frame headers."""
    queue: int
    """Frames that may wait or be in transmission; one more is dropped (tail drop)."""
    loss: float = 0.0
    """Chance that a frame is lost after it was sent."""

    def __post_init__(self) -> None:
        for name, holds, allowed in (
            ("delay", 0 <= self.delay < 10, "from 0 to below 10 s"),
            ("rate", 0 < self.rate < math.inf, "above 0"),
            ("queue", self.queue >= 1, "at least 1 frame"),
            ("loss", 0 <= self.loss < 1, "from 0 to below 1"),
        ):
            if not holds:
                raise UserError(f"{name} of the path is {getattr(self, name):g}, must be {allowed}")


class Link:
    """Frames on their way; `accept` what comes in, `due` gives what has arrived."""

    def __init__(self, settings: LinkSettings, seed: int) -> None:
        self.settings = settings
        self._draw = random.Random(seed).random
        self._seconds_per_byte = 8 / settings.rate
        self._free_at = 0.0
        self._departures: deque[float] = deque()
        self._flying: deque[tuple[float, bytes]] = deque()
        self.dropped = 0
        self.lost = 0

    def accept(self, frame: bytes, now: float) -> None:
        """Queues a frame that came at `now` (seconds, never decreasing between calls)."""
        departures = self._departures
        while departures and departures[0] <= now:
            departures.popleft()
        if len(departures) >= self.settings.queue:
            self.dropped += 1
            return
        start = self._free_at if self._free_at > now else now
        self._free_at = start + len(frame) * self._seconds_per_byte
        departures.append(self._free_at)
        if self.settings.loss and self._draw() < self.settings.loss:
            self.lost += 1
            return
        self._flying.append((self._free_at + self.settings.delay, frame))

    def due(self, now: float) -> list[bytes]:
        """Frames that have arrived by `now`, in the order in which they came."""
        flying = self._flying
        arrived = []
        while flying and flying[0][0] <= now:
            arrived.append(flying.popleft()[1])
        return arrived

    def next_due(self) -> float | None:
        """When the next frame arrives (seconds); None if nothing is on the way."""
        return self._flying[0][0] if self._flying else None
