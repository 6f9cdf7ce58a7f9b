"""Plays a batched environment with random actions and records everything that it returned.

The actions of a copy depend only on its own seed and mask. So a copy in a batch and the same copy
alone get the same actions.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.adapters.actions import Mask, draw
from rlsys.controllers import action_masks
from rlsys.roles import Role, acting_role, roles_of

Array = NDArray[Any]
Choose = Callable[[Any, np.random.Generator, Mask], Any]
"""``choose(space, rng, mask)`` returns one action."""


@dataclass
class Moment:
    """One step: what was seen before it, what was done, and the result.

    Attributes:
        acting: the role whose half-step it was; None if there are no roles.
        observations, masks, actions: before the step.
        after: observations returned by the step.
        infos: returned by the step, copied.
    """

    acting: str | None
    observations: Array
    masks: Array | None
    actions: Array
    after: Array
    rewards: Array
    terminated: Array
    truncated: Array
    infos: Mapping[str, Any]

    @property
    def done(self) -> Array:
        """The copies whose episode ended, (num_envs,)."""
        return np.asarray(self.terminated | self.truncated, dtype=bool)

    def row(self, index: int) -> dict[str, Any]:
        """Return this step of one copy, by name."""
        told: dict[str, Any] = {
            "role": self.acting,
            "observation before": self.observations[index],
            "mask": None if self.masks is None else self.masks[index],
            "action": self.actions[index],
            "observation": self.after[index],
            "reward": self.rewards[index],
            "terminated": self.terminated[index],
            "truncated": self.truncated[index],
        }
        if self.done[index]:
            if "final_obs" in self.infos:
                told["final_obs"] = self.infos["final_obs"][index]
            told |= {f"metric {n}": v[index] for n, v in metrics_of(self.infos).items()}
        return told


@dataclass
class Player:
    """A running environment.

    Args:
        env: batched environment.
        seeds: seeds of its copies, for the environment and for the actions.
        choose: draws the actions.
    """

    env: Any
    seeds: Sequence[int]
    choose: Choose = draw
    roles: dict[str, Role] = field(init=False)
    rngs: list[np.random.Generator] = field(init=False)
    observations: Array = field(init=False)
    live: list[tuple[str, Array, Array]] = field(init=False, default_factory=list)
    """Every array that was returned, with a copy made immediately."""
    steps: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.roles = {role.name: role for role in roles_of(self.env)}
        self.reset()

    def reset(self) -> None:
        """Start over with the same seeds."""
        self.rngs = [np.random.default_rng([7, seed]) for seed in self.seeds]
        self.steps = 0
        observations, _ = self.env.reset(seed=list(self.seeds))
        self._keep("observations of reset", observations)
        self.observations = np.array(observations)

    def draw(self) -> tuple[str | None, Array | None, Array]:
        """Return the acting role, the masks, and actions (num_envs, ...)."""
        if self.roles:
            acting = acting_role(self.env)
            role = self.roles[acting]
            drawn = [
                [self.choose(role.action_space, rng, None) for _ in range(role.agents)]
                for rng in self.rngs
            ]
            return acting, None, _stacked(drawn, role.action_space)
        masks = action_masks(self.env)
        if masks is not None:
            self._keep("masks", self.env.action_masks())
            masks = np.array(masks)
        space = self.env.single_action_space
        rows = [None] * len(self.rngs) if masks is None else list(masks)
        drawn = [self.choose(space, rng, row) for rng, row in zip(self.rngs, rows, strict=True)]
        return None, masks, _stacked(drawn, space)

    def step(self, given: Array | None = None) -> Moment:
        """Do one step; `given`, if any, is the array in which the drawn actions are passed."""
        acting, masks, actions = self.draw()
        handed = actions.copy() if given is None else given
        handed[...] = actions
        before = self.observations
        returned = self.env.step(handed)
        after, rewards, terminated, truncated, infos = returned
        self.steps += 1
        parts = ("observations", "rewards", "terminated", "truncated")
        for name, array in zip(parts, returned, strict=False):
            self._keep(name, array)
        self._keep_infos("infos", infos)
        self.observations = np.array(after)
        return Moment(
            acting,
            before,
            masks,
            actions,
            self.observations,
            np.array(rewards),
            np.array(terminated),
            np.array(truncated),
            copy.deepcopy(dict(infos)),
        )

    def _keep(self, name: str, array: Any) -> None:
        if isinstance(array, np.ndarray) and array.dtype == object:
            # Gymnasium's own batches collect the final observations of the copies like this.
            for index, own in enumerate(array):
                self._keep(f"{name}[{index}]", own)
        elif isinstance(array, np.ndarray):
            self.live.append((f"{name} of step {self.steps}", array, array.copy()))

    def _keep_infos(self, name: str, infos: Mapping[str, Any]) -> None:
        for key, value in infos.items():
            if isinstance(value, Mapping):
                self._keep_infos(f"{name}[{key!r}]", value)
            else:
                self._keep(f"{name}[{key!r}]", value)


def record(player: Player, at_most: int, ends: int = 1, more: int = 5) -> list[Moment]:
    """Play `more` steps after every copy has ended `ends` episodes, but no more than `at_most`."""
    moments: list[Moment] = []
    ended = np.zeros(len(player.seeds), dtype=int)
    left = more
    while len(moments) < at_most and left > 0:
        moment = player.step()
        moments.append(moment)
        ended += moment.done
        left -= bool((ended >= ends).all())
    return moments


def metrics_of(infos: Mapping[str, Any]) -> dict[str, Array]:
    """Return the metrics of the episodes that ended, by name, without Gymnasium's masks.

    Nested infos, such as those of Gymnasium's ``RecordEpisodeStatistics``, are not metrics.
    """
    told = infos.get("final_info", {})
    if not isinstance(told, Mapping):
        return {}
    return {
        name: _together(np.asarray(value))
        for name, value in told.items()
        if not name.startswith("_") and not isinstance(value, Mapping)
    }


def _together(values: Array) -> Array:
    """Return an array of lists as one array; 0 for the copies that have none."""
    if values.dtype != object or values.ndim == 0:
        return values
    own = {copy: value for copy, value in enumerate(values) if value is not None}
    if len({np.shape(value) for value in own.values()}) != 1:
        return values
    whole = np.array(list(own.values()))
    together = np.zeros((len(values), *whole.shape[1:]), whole.dtype)
    together[list(own)] = whole
    return together


def final_observations(moment: Moment) -> Array:
    """Return the last observations of the episodes that ended, (episodes, ...).

    They may come as one array, or as Gymnasium's own batches collect them: an array of arrays.
    """
    told = moment.infos["final_obs"]
    return np.array([told[copy] for copy in np.flatnonzero(moment.done)])


def difference(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], tolerance: float = 0.0
) -> str | None:
    """Return the first difference of two rows that exceeds `tolerance`, or None."""
    for name in ours:
        one, two = ours[name], theirs.get(name)
        if not same(one, two, tolerance):
            return f"{name} is {_short(one)} in one and {_short(two)} in the other"
    return None


def same(one: Any, two: Any, tolerance: float = 0.0) -> bool:
    """Return whether two values are equal up to `tolerance` (relative and absolute)."""
    if one is None or two is None or isinstance(one, str):
        return one is two or one == two
    one, two = np.asarray(one), np.asarray(two)
    if one.shape != two.shape:
        return False
    floating = np.issubdtype(one.dtype, np.floating)
    if tolerance and floating:
        return bool(np.allclose(one, two, rtol=tolerance, atol=tolerance, equal_nan=True))
    return bool(np.array_equal(one, two, equal_nan=floating))


def _stacked(drawn: list[Any], space: Any) -> Array:
    return np.array(drawn, dtype=space.dtype)


def _short(value: Any) -> str:
    text = np.array2string(np.asarray(value), threshold=8, edgeitems=3, precision=6)
    return " ".join(text.split())
