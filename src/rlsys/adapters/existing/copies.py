"""Copies of one environment that are stepped one after another, in the process they live in.

Gymnasium's `SyncVectorEnv` would pack the infos of all copies into arrays: values of another type
or shape than those of the first copy would be cut or refused. Only masks and metrics are needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.adapters.existing.source import Source
from rlsys.errors import UserError

Array = NDArray[Any]
Masks = NDArray[np.bool_] | None


@dataclass(frozen=True)
class Ending:
    """The last step of an episode.

    Attributes:
        observation: (inputs,), before the next episode starts.
        metrics: by name.
    """

    observation: NDArray[np.float32]
    metrics: Mapping[str, Array]


@dataclass(frozen=True)
class Moment:
    """What `count` copies returned.

    Attributes:
        observations: float32 (count, inputs).
        masks: (count, choices); None if there are none.
        rewards, terminated, truncated: (count,); empty after a reset.
        endings: of the copies whose episode has just ended, by number.
    """

    observations: NDArray[np.float32]
    masks: Masks
    rewards: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    terminated: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    truncated: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    endings: Mapping[int, Ending] = field(default_factory=dict)


class Copies:
    """`count` environments of a source, each with its own episodes and its own randomness.

    When an episode ends, the next one starts in the same step. It is seeded by nothing but the
    environment's own generator, as in a plain loop.

    Raises:
        UserError: an environment cannot be made, or one has other spaces than the first.
    """

    def __init__(self, source: Source, count: int, render_mode: str | None = None) -> None:
        self._source = source
        self._envs: list[Any] = []
        self._lengths = np.zeros(count, np.int64)
        self._moment: Moment | None = None
        try:
            for _ in range(count):
                self._envs.append(source.make(render_mode))
        except BaseException:
            self.close()
            raise
        first = self._envs[0]
        for env in self._envs[1:]:
            if env.observation_space != first.observation_space or _acts(env) != _acts(first):
                self.close()
                raise UserError(
                    f"{first.name}: a second environment made with the same settings has other "
                    "spaces than the first; make the spaces depend on the settings only"
                )

    def reset(self, seeds: Sequence[int | None], options: dict[str, Any] | None) -> Moment:
        """Start an episode in every copy."""
        self._lengths[:] = 0
        observations = [
            env.reset(seed=seed, options=options)[0]
            for env, seed in zip(self._envs, seeds, strict=True)
        ]
        return Moment(np.stack(observations), self._masks())

    def step(self, actions: Array) -> Moment:
        """Do one step in every copy; `actions` has one row per copy."""
        count = len(self._envs)
        observations, endings = [], {}
        rewards = np.empty(count)
        terminated, truncated = np.empty(count, bool), np.empty(count, bool)
        self._lengths += 1
        for copy, env in enumerate(self._envs):
            seen, rewards[copy], terminated[copy], truncated[copy], info = env.step(actions[copy])
            if terminated[copy] or truncated[copy]:
                endings[copy] = Ending(seen, self._metrics(env.name, info, copy))
                self._lengths[copy] = 0
                seen, _ = env.reset()
            observations.append(seen)
        masks = self._masks()
        return Moment(np.stack(observations), masks, rewards, terminated, truncated, endings)

    def render(self) -> list[Any]:
        """Return the picture of every copy."""
        return [env.render() for env in self._envs]

    def close(self) -> None:
        """Close every environment."""
        for env in self._envs:
            env.close()

    def _masks(self) -> Masks:
        masks = [env.mask for env in self._envs if env.masked]
        if not masks:
            return None
        if len(masks) < len(self._envs):
            raise UserError(
                f"{self._envs[0].name}: only some copies have action masks; give them always"
            )
        return np.stack(masks)

    def _metrics(self, name: str, info: Mapping[str, Any], copy: int) -> dict[str, Array]:
        metrics = {"length": np.asarray(float(self._lengths[copy]))}
        for wanted in self._source.metrics:
            if wanted in info:
                try:
                    metrics[wanted] = np.asarray(info[wanted], np.float64)
                except (TypeError, ValueError) as error:
                    raise UserError(
                        f"{name}: info[{wanted!r}] of an episode's last step is {info[wanted]!r}; "
                        "a metric must be a number, or an array of numbers"
                    ) from error
            elif wanted not in metrics:
                there = ", ".join(map(repr, info)) or "nothing"
                raise UserError(
                    f"{name}: the metric {wanted!r} is missing in the info of an episode's last "
                    f"step, which has {there}; put it there in every episode, or remove it from "
                    "the description"
                )
        return metrics


def _acts(env: Any) -> Any:
    return getattr(env, "action_space", None) or [role.action_space for role in env.roles]
