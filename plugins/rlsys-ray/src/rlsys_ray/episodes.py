"""Rewards and metrics of whole episodes, from the environments to the line of metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ray.rllib.callbacks.callbacks import RLlibCallback

from rlsys_ray.one_copy import EPISODE


class EpisodeMetrics(RLlibCallback):
    """Pass on what an environment reports in the last info of an episode.

    RLlib's own episode return sums over the agents, which all get the same reward.
    """

    def on_episode_end(  # type: ignore[override]
        self, *, episode: Any, metrics_logger: Any, **_: Any
    ) -> None:
        """Take the episode's metrics; with roles they are in the info of one of the agents."""
        info = episode.get_infos(-1)
        for told in (info, *info.values()):
            if isinstance(told, Mapping) and EPISODE in told:
                metrics_logger.log_value(EPISODE, dict(told[EPISODE]), reduce="item_series")


def averages(episodes: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each metric and the number of episodes; empty without episodes."""
    told = list(episodes)
    if not told:
        return {}
    means = {name: sum(float(one[name]) for one in told) / len(told) for name in told[0]}
    return {**means, "episodes": float(len(told))}
