"""Play whole episodes with a controller, and average over the episodes that end in training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from rlsys.batched import final_metric
from rlsys.controllers import Controller, action_masks
from rlsys.roles import acting_role

if TYPE_CHECKING:
    from gymnasium.vector import VectorEnv

MakeEnv = Callable[[int], "VectorEnv[Any, Any, Any]"]
"""``make_env(num_envs)`` returns a fresh batched environment."""

MAX_COPIES = 100
"""Most copies that are played at a time outside of training, unless the user says otherwise."""


def most_copies(make_env: MakeEnv) -> int:
    """Return how many copies may be played at a time outside of training."""
    most: int = getattr(make_env, "copies", MAX_COPIES)
    return most


def play(
    make_env: MakeEnv, controller: Controller, seeds: Sequence[int], metrics: Iterable[str] = ()
) -> dict[str, NDArray[np.float64]]:
    """Play one episode per seed to its end.

    Args:
        make_env: see `MakeEnv`.
        controller: chooses the actions.
        seeds: one per episode; the result depends only on them, not on how they are batched.
        metrics: names in the environment's final info to collect in addition to `reward`.

    Returns:
        ``reward``, ``length`` and each metric, shape (len(seeds), ...).
    """
    most = most_copies(make_env)
    parts = [
        _play_batch(make_env, controller, seeds[begin : begin + most], tuple(metrics))
        for begin in range(0, len(seeds), most)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _play_batch(
    make_env: MakeEnv, controller: Controller, seeds: Sequence[int], metrics: tuple[str, ...]
) -> dict[str, NDArray[np.float64]]:
    env = make_env(len(seeds))
    try:
        observations, _ = env.reset(seed=cast("Any", list(seeds)))
        controller.reset(env)
        count = len(seeds)
        running = np.ones(count, dtype=bool)
        result: dict[str, NDArray[np.float64]] = {
            "reward": np.zeros(count),
            "length": np.zeros(count),
        }
        while running.any():
            actions = controller.act(env, observations)
            observations, rewards, terminated, truncated, infos = env.step(actions)
            result["reward"] += np.where(running, rewards, 0.0)
            result["length"] += running
            ended = running & (terminated | truncated)
            if ended.any():
                for name in metrics:
                    values = final_metric(infos, name, ended)
                    kept = result.setdefault(name, np.zeros((count, *values.shape[1:])))
                    kept[ended] = values
                running &= ~ended
        return result
    finally:
        env.close()


class EpisodeMeter:
    """Averages over the episodes that ended since the last `flush`.

    A vector metric is reported part by part, as ``name[0]``, ``name[1]`` and so on.
    """

    def __init__(self, num_envs: int, metrics: Iterable[str] = ()) -> None:
        self._returns = np.zeros(num_envs)
        self._metrics = tuple(metrics)
        self._sums: dict[str, float] = {}
        self._episodes = 0

    def update(self, rewards: NDArray[Any], done: NDArray[Any], infos: Mapping[str, Any]) -> None:
        """Take in one step of all copies: rewards, done flags (num_envs,) and its infos."""
        self._returns += rewards
        if not done.any():
            return
        self._add("reward", self._returns[done])
        for name in self._metrics:
            values = final_metric(infos, name, done)
            if values.ndim == 1:
                self._add(name, values)
            else:
                for part, own in enumerate(values.T):
                    self._add(f"{name}[{part}]", own)
        self._episodes += int(done.sum())
        self._returns[done] = 0.0

    def flush(self) -> dict[str, float]:
        """Return the means and the number of episodes, then start over; empty if none ended."""
        if not self._episodes:
            return {}
        means = {name: total / self._episodes for name, total in self._sums.items()}
        means["episodes"] = float(self._episodes)
        self._sums.clear()
        self._episodes = 0
        return means

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint must store about the episodes in progress."""
        return {"returns": self._returns.copy(), "sums": dict(self._sums), "n": self._episodes}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from the result of `get_state`."""
        self._returns[:] = state["returns"]
        self._sums = {str(k): float(v) for k, v in state["sums"].items()}
        self._episodes = int(state["n"])

    def _add(self, name: str, values: NDArray[Any]) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + float(np.sum(values))


def record(
    make_env: MakeEnv,
    controller: Controller,
    seeds: Sequence[int],
    count: int,
    role: str | None = None,
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Collect the observations that a controller sees.

    Args:
        seeds: one per copy; a copy starts a new episode whenever one ends.
        count: how many observations.
        role: the role whose observations are collected, in an environment with roles. Each one is
            the observation of a single agent.

    Returns:
        Observations (count, ...), and masks (count, n_actions) or None.
    """
    env = make_env(len(seeds))
    try:
        observations, _ = env.reset(seed=cast("Any", list(seeds)))
        controller.reset(env)
        seen: list[NDArray[Any]] = []
        allowed: list[NDArray[np.bool_]] = []
        while sum(map(len, seen)) < count:
            if role is None:
                seen.append(np.array(observations))
                masks = action_masks(env)
                if masks is not None:
                    allowed.append(masks.copy())
            elif acting_role(env) == role:
                seen.append(np.concatenate(observations))
            observations, *_ = env.step(controller.act(env, observations))
        return (
            np.concatenate(seen)[:count],
            np.concatenate(allowed)[:count] if allowed else None,
        )
    finally:
        env.close()
