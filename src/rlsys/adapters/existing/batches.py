"""Batches of an existing environment, behind Gymnasium's vector interface with same-step autoreset.

What a copy does depends on its own seed only, not on how many copies there are, nor in how many
processes they run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from rlsys.adapters.existing.copies import Copies, Moment
from rlsys.adapters.existing.finding import make, reward_threshold
from rlsys.adapters.existing.joint import JointEnv
from rlsys.adapters.existing.portable import PortableEnv
from rlsys.adapters.existing.processes import RemoteCopies
from rlsys.adapters.existing.settings import GymnasiumSettings
from rlsys.adapters.existing.source import Source
from rlsys.batched import copy_seeds, final_infos
from rlsys.descriptors import EnvironmentSpec
from rlsys.errors import RlsysError, UserError, one_line
from rlsys.roles import Role

Array = NDArray[Any]
Layout = Mapping[str, Sequence[str]]
"""What the inputs (``observation``) and entries (``action``) of a network mean, in order."""


@dataclass(frozen=True)
class Facts:
    """What is known about an environment before it is played.

    Attributes:
        observation_space, action_space: of one copy; None if there are roles.
        masked: whether it has action masks.
        layouts: by role; an environment without roles has the key ``""``.
        reward_threshold: mean reward from which it counts as solved.
        metadata: of the environment.
    """

    observation_space: Any
    action_space: Any
    masked: bool
    roles: tuple[Role, ...]
    layouts: Mapping[str, Layout]
    reward_threshold: float | None
    metadata: Mapping[str, Any]


def facts_of(source: Source) -> Facts:
    """Make one environment, start an episode to see whether it has masks, and close it.

    Raises:
        UserError: it cannot be made or started.
    """
    env = source.make()
    try:
        try:
            env.reset(seed=0)
        except RlsysError:
            raise
        except Exception as error:
            raise UserError(
                f"{env.name}: its first reset(seed=0) raised {one_line(error)}; correct the "
                "environment"
            ) from error
        if isinstance(env, JointEnv):
            layouts: dict[str, Layout] = {
                role: {"observation": seen.layout, "action": env.actions[role].layout}
                for role, seen in env.observations.items()
            }
            return Facts(None, None, False, env.roles, layouts, None, env.metadata)
        layout = {"observation": env.observations.layout, "action": env.actions.layout}
        return Facts(
            env.observation_space,
            env.action_space,
            env.masked,
            (),
            {"": layout},
            reward_threshold(env),
            env.metadata,
        )
    finally:
        env.close()


class BatchMaker:
    """``make_env(num_envs)`` of a case whose description gives a single environment.

    Args:
        environment: its description.
        config: the case's.
        render_mode: as in `gymnasium.make`; the batch's ``render`` then returns a picture per copy.
    """

    def __init__(
        self, environment: EnvironmentSpec, config: Any, render_mode: str | None = None
    ) -> None:
        self.source = Source.of(environment, config)
        self._render_mode = render_mode

    @cached_property
    def facts(self) -> Facts:
        """What is known about the environment."""
        return facts_of(self.source)

    def __call__(self, num_envs: int) -> VectorEnv[Any, Any, Any]:
        """Make a fresh batch."""
        kind = ExistingBatch
        if self.facts.roles:
            kind = RolesBatch
        elif self.facts.masked:
            kind = MaskedBatch
        return kind(self.source, self.facts, num_envs, self._render_mode)


class ExistingBatch(VectorEnv[Any, Any, Any]):
    """Copies of an existing environment.

    Attributes:
        episode_seeds: what the last ``reset`` was given, one per copy; None if nothing.
        layouts: see `Facts`.
        called: how messages name it.
    """

    _masked = False

    def __init__(
        self, source: Source, facts: Facts, num_envs: int, render_mode: str | None = None
    ) -> None:
        super().__init__()
        self.called = source.called
        self.closed = True  # nothing to close if the next line fails
        self._shards = _shards(source, num_envs, render_mode)
        self.closed = False
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.layouts = facts.layouts
        self.metadata = {**facts.metadata, "autoreset_mode": AutoresetMode.SAME_STEP}
        self.episode_seeds: list[int | None] = [None] * num_envs
        if not facts.roles:
            self.single_observation_space = facts.observation_space
            self.single_action_space = facts.action_space
            self.observation_space = batch_space(facts.observation_space, num_envs)
            self.action_space = batch_space(facts.action_space, num_envs)
        self._masks: NDArray[np.bool_] | None = None

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Array, dict[str, Any]]:
        """Start an episode in every copy; a number seeds the copies with it and those after it."""
        self.episode_seeds = copy_seeds(seed, self.num_envs)
        moment = self._shards.reset(self.episode_seeds, options)
        self._masks = moment.masks
        if (moment.masks is not None) != self._masked:
            raise UserError(
                f"{self.called}: has action masks in some episodes only; give them always, with "
                "ones where everything is allowed"
            )
        return moment.observations, {}

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """Do one step in every copy; see the class for how episodes end."""
        moment = self._shards.step(np.asarray(actions))
        self._masks = moment.masks
        return (
            moment.observations,
            moment.rewards,
            moment.terminated,
            moment.truncated,
            _infos(self.called, moment),
        )

    def render(self) -> tuple[Any, ...]:
        """Return the picture of every copy; needs a `render_mode`."""
        return tuple(self._shards.render())

    def close_extras(self, **_: Any) -> None:
        """Close every environment, and end the processes."""
        self._shards.close()


class MaskedBatch(ExistingBatch):
    """Copies of an environment with action masks."""

    _masked = True

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which choices are allowed now, (num_envs, choices)."""
        assert self._masks is not None
        return self._masks.copy()


class RolesBatch(ExistingBatch):
    """Copies of a parallel PettingZoo environment; see `rlsys.roles` and `JointEnv`.

    Attributes:
        roles, acting: as `rlsys.roles` describes them.
    """

    def __init__(
        self, source: Source, facts: Facts, num_envs: int, render_mode: str | None = None
    ) -> None:
        super().__init__(source, facts, num_envs, render_mode)
        self.roles = facts.roles
        self._turn = 0
        self._seen: dict[str, Array] = {}
        self._chosen: list[Array] = []

    @property
    def acting(self) -> str:
        """The role whose actions the next `step` takes."""
        return self.roles[self._turn].name

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Array, dict[str, Any]]:
        """Start an episode in every copy; returns what the first role sees."""
        observations, infos = super().reset(seed=seed, options=options)
        return self._begin(observations), infos

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """Take the acting role's actions; the environment moves when every role has acted."""
        self._chosen.append(np.array(actions, np.float64).reshape(self.num_envs, -1))
        if len(self._chosen) < len(self.roles):
            self._turn += 1
            never = np.zeros(self.num_envs, bool)
            return self._seen[self.acting], np.zeros(self.num_envs), never, never.copy(), {}
        joint = np.concatenate(self._chosen, axis=1)
        observations, rewards, terminated, truncated, infos = super().step(joint)
        infos = {name: value for name, value in infos.items() if not name.endswith("final_obs")}
        return self._begin(observations), rewards, terminated, truncated, infos

    def _begin(self, observations: Array) -> Array:
        self._turn, self._chosen, begin = 0, [], 0
        for role in self.roles:
            size = int(np.prod(role.observation_space.shape or ()))
            part = observations[:, begin : begin + role.agents * size]
            self._seen[role.name] = part.reshape(self.num_envs, role.agents, size).copy()
            begin += role.agents * size
        return self._seen[self.acting]


class _Here:
    """All copies in this process."""

    def __init__(self, source: Source, num_envs: int, render_mode: str | None) -> None:
        copies = Copies(source, num_envs, render_mode)
        self.reset, self.step = copies.reset, copies.step
        self.render, self.close = copies.render, copies.close


class _Apart:
    """The copies in several processes, which work at the same time."""

    def __init__(self, source: Source, num_envs: int, render_mode: str | None) -> None:
        count = min(source.processes, num_envs)
        self._cuts = [num_envs * i // count for i in range(count + 1)]
        self._parts: list[RemoteCopies] = []
        try:
            for begin, end in self._ranges():
                self._parts.append(RemoteCopies(source, end - begin, render_mode))
            for part in self._parts:
                part.answer()
        except BaseException:
            self.close()
            raise

    def reset(self, seeds: Sequence[int | None], options: dict[str, Any] | None) -> Moment:
        for part, (begin, end) in zip(self._parts, self._ranges(), strict=True):
            part.ask("reset", seeds[begin:end], options)
        return self._joined()

    def step(self, actions: Array) -> Moment:
        for part, (begin, end) in zip(self._parts, self._ranges(), strict=True):
            part.ask("step", actions[begin:end])
        return self._joined()

    def render(self) -> list[Any]:
        for part in self._parts:
            part.ask("render")
        return [picture for part in self._parts for picture in part.answer()]

    def close(self) -> None:
        for part in self._parts:
            part.close()

    def _ranges(self) -> list[tuple[int, int]]:
        return list(zip(self._cuts, self._cuts[1:], strict=False))

    def _joined(self) -> Moment:
        moments: list[Moment] = [part.answer() for part in self._parts]
        masks = [moment.masks for moment in moments if moment.masks is not None]
        return Moment(
            np.concatenate([moment.observations for moment in moments]),
            np.concatenate(masks) if masks else None,
            np.concatenate([moment.rewards for moment in moments]),
            np.concatenate([moment.terminated for moment in moments]),
            np.concatenate([moment.truncated for moment in moments]),
            {
                begin + copy: ending
                for begin, moment in zip(self._cuts, moments, strict=False)
                for copy, ending in moment.endings.items()
            },
        )


def _shards(source: Source, num_envs: int, render_mode: str | None) -> _Here | _Apart:
    kind = _Apart if source.processes else _Here
    return kind(source, num_envs, render_mode)


def _infos(called: str, moment: Moment) -> dict[str, Any]:
    """Return Gymnasium's infos of a step: the last observations and metrics of ended episodes."""
    if not moment.endings:
        return {}
    done = moment.terminated | moment.truncated
    final = np.zeros_like(moment.observations)
    metrics: dict[str, Array] = {}
    first = next(iter(moment.endings.values()))
    for name, one in first.metrics.items():
        metrics[name] = np.zeros((len(done), *one.shape))
        for copy, ending in moment.endings.items():
            value = ending.metrics[name]
            if value.shape != one.shape:
                raise UserError(
                    f"{called}: the metric {name!r} has the shape {one.shape} in one episode and "
                    f"{value.shape} in another; give it one shape"
                )
            metrics[name][copy] = value
    for copy, ending in moment.endings.items():
        final[copy] = ending.observation
    return final_infos(done, metrics, final)


def agent_for(settings: GymnasiumSettings) -> str:
    """Return the agent that suits an environment: with masks, with roles, or neither."""
    source = Source("gymnasium", f"{make.__module__}:{make.__name__}", settings)
    facts = facts_of(source)
    if facts.roles:
        return "sb3-shared"
    return "maskable-ppo" if facts.masked else "ppo"


def single_env(
    environment: EnvironmentSpec, config: Any, render_mode: str | None = None
) -> PortableEnv:
    """Return one environment as a network sees it; see `rlsys.adapters.making.single_env_of`."""
    env = Source.of(environment, config).make(render_mode)
    if isinstance(env, JointEnv):
        env.close()
        raise UserError(
            f"{env.name}: has several roles, so it is no single gymnasium.Env; use a batch of one"
        )
    return env
