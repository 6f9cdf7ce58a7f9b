"""Means over episodes of several workers."""

from __future__ import annotations

from collections.abc import Mapping


class Means:
    """Adds up the results of `rlsys.rollout.EpisodeMeter.flush`."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._episodes = 0.0

    def add(self, means: Mapping[str, float]) -> None:
        """Take in one result; it may be empty."""
        episodes = means.get("episodes", 0.0)
        self._episodes += episodes
        for name, mean in means.items():
            if name != "episodes":
                self._sums[name] = self._sums.get(name, 0.0) + mean * episodes

    def flush(self) -> dict[str, float]:
        """Return the means and the number of episodes, then start over; empty if none ended."""
        if not self._episodes:
            return {}
        means = {name: total / self._episodes for name, total in self._sums.items()}
        means["episodes"] = self._episodes
        self._sums, self._episodes = {}, 0.0
        return means
