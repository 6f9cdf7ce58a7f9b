"""What the episodes of the programs earned, put together from their pieces."""

from __future__ import annotations

from collections import deque
from typing import Any

from rlsys_distributed.learning.pieces import Piece

REMEMBERED = 100
_MOST_RUNNING = 10_000


class EpisodeReturns:
    """Returns and lengths of whole episodes; one of which a piece is missing is not counted.

    Attributes:
        recent: returns of the last 100 episodes.
        count: episodes so far.
    """

    def __init__(self) -> None:
        self.recent: deque[float] = deque(maxlen=REMEMBERED)
        self.count = 0
        self._running: dict[tuple[str, bytes, int], tuple[int, float]] = {}
        self._since: list[tuple[float, int]] = []

    def add(self, piece: Piece) -> None:
        """Take a piece; the pieces of one program come in order."""
        steps, earned = self._running.pop(piece.episode, (0, 0.0))
        if steps != piece.first_step:
            return  # a piece before it was dropped
        steps, earned = steps + len(piece), earned + float(piece.rewards.sum())
        if piece.over:
            self.count += 1
            self.recent.append(earned)
            self._since.append((earned, steps))
            return
        if len(self._running) >= _MOST_RUNNING:  # programs that died in the middle of an episode
            del self._running[next(iter(self._running))]
        self._running[piece.episode] = (steps, earned)

    @property
    def mean(self) -> float | None:
        """Mean return of the last 100 episodes; None before the first."""
        return sum(self.recent) / len(self.recent) if self.recent else None

    def flush(self) -> dict[str, float]:
        """Return the means over the episodes since the last call; {} if there are none."""
        since, self._since = self._since, []
        if not since:
            return {}
        return {
            "reward": sum(earned for earned, _ in since) / len(since),
            "length": sum(steps for _, steps in since) / len(since),
            "episodes": float(len(since)),
        }

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"recent": list(self.recent), "count": self.count}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore `get_state`."""
        self.recent.clear()
        self.recent.extend(state["recent"])
        self.count = state["count"]
