"""Plays batches of an environment with clients of a server."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rlsys.controllers import action_masks
from rlsys.errors import UserError
from rlsys.roles import acting_role, roles_of
from rlsys.rollout import EpisodeMeter
from rlsys.seeds import training_seeds
from rlsys_distributed.client import Action, Agent, Trajectory

_TELL_EVERY = 0.2
"""Seconds between two messages to the process that asked for this one."""
_AHEAD = 1
"""Trajectories that the server need not have acknowledged before the copies go on; with more, what
they play would be older when the server learns from it."""


class Other:
    """The process that asked for this one: it is told about episodes, and says when to stop."""

    def __init__(self, pipe: Connection, meter: EpisodeMeter) -> None:
        self.meter = meter
        self._pipe = pipe
        self._told = time.monotonic()

    def says_stop(self) -> bool:
        """Return whether to stop, and tell it about the episodes every so often."""
        now = time.monotonic()
        if now - self._told > _TELL_EVERY:
            if self._pipe.poll():
                return True
            self._pipe.send(self.meter.flush())
            self._told = now
        return False

    def stops_while_full(self, agent: Agent) -> bool:
        """Wait until the server has taken what was played; return whether to stop instead.

        Raises:
            UserError: the connection was given up.
        """
        while not agent.flush(_TELL_EVERY, left=_AHEAD):
            if self._pipe.poll():
                return True
        if agent.failure is not None:
            raise UserError(f"the server refuses what is played: {agent.failure}")
        return False


def play(env: Any, agent: Agent, other: Other, seed: int) -> None:
    """Play an environment without roles until the other process says stop.

    Args:
        env: batched environment.
        agent: decides for all copies.
        seed: from which the seeds of the first episodes are drawn.
    """
    copies = env.num_envs
    masked, kind = agent.config.masked, env.single_action_space.dtype
    deciders = [_Decider(agent) for _ in range(copies)]
    observations, _ = env.reset(seed=cast("Any", training_seeds(seed, copies)))
    steps = 0
    while not other.says_stop():
        known = action_masks(env) if masked else None
        masks = [None] * copies if known is None else list(known)
        acts = [
            decider.act(observation, mask)
            for decider, observation, mask in zip(deciders, observations, masks, strict=True)
        ]
        observations, rewards, terminated, truncated, infos = env.step(np.array(acts, kind))
        ended = terminated | truncated
        for copy, decider in enumerate(deciders):
            decider.earn(rewards[copy])
            if ended[copy]:
                # Masks are of the episode that has begun; what is learned needs only a value here.
                mask = masks[copy]
                after = None if terminated[copy] else infos["final_obs"][copy]
                decider.end(after, None if mask is None else np.ones_like(mask))
        other.meter.update(rewards, ended, infos)
        steps += 1
        due = ended.any() or steps % agent.config.max_traj_length == 0
        if due and other.stops_while_full(agent):
            return


def play_roles(env: Any, agents: Mapping[str, Agent], other: Other, seed: int) -> None:
    """Play an environment whose roles decide in turn, see `rlsys.roles`, as `play` does.

    All roles earn the reward that they share. An episode that is cut off at its horizon ends like
    any other, because what the later roles would observe beyond it is not known.

    Args:
        agents: by role.
    """
    copies, roles = env.num_envs, roles_of(env)
    deciders = {
        role.name: [
            [_Decider(agents[role.name]) for _ in range(role.agents)] for _ in range(copies)
        ]
        for role in roles
    }
    observations, _ = env.reset(seed=cast("Any", training_seeds(seed, copies)))
    slots, longest = 0, min(agent.config.max_traj_length for agent in agents.values())
    while not other.says_stop():
        for role in roles:
            _require_turn(env, role.name)
            acts = [
                [one.act(seen, None) for one, seen in zip(own, observed, strict=True)]
                for own, observed in zip(deciders[role.name], observations, strict=True)
            ]
            observations, rewards, terminated, truncated, infos = env.step(
                np.array(acts, role.action_space.dtype)
            )
        ended = terminated | truncated
        for own in deciders.values():
            for copy, several in enumerate(own):
                _earn(several, rewards[copy], over=bool(ended[copy]))
        other.meter.update(rewards, ended, infos)
        slots += 1
        due = ended.any() or slots % longest == 0
        if due and any(other.stops_while_full(agent) for agent in agents.values()):
            return


class _Decider:
    """One agent of one copy, with the trajectory of its episode."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._trajectory: Trajectory | None = None
        self._action: Action

    def act(self, observation: NDArray[Any], mask: NDArray[np.bool_] | None) -> Any:
        """Return what to do."""
        self._trajectory, self._action = self._agent.request_for_action(
            self._trajectory, observation, mask
        )
        self._agent.add_to_trajectory(self._trajectory, self._action)
        return self._action.act

    def earn(self, reward: float) -> None:
        """Say what came of it."""
        self._action.update_reward(reward)

    def end(self, after: NDArray[Any] | None, mask: NDArray[np.bool_] | None) -> None:
        """End the episode; `after` is what was observed then if it was only cut off."""
        assert self._trajectory is not None
        self._agent.mark_end_of_trajectory(
            self._trajectory,
            self._action,
            truncated=after is not None,
            last_observation=after,
            last_mask=mask,
        )


def _earn(deciders: Sequence[_Decider], reward: float, *, over: bool) -> None:
    for decider in deciders:
        decider.earn(reward)
        if over:
            decider.end(None, None)


def _require_turn(env: Any, role: str) -> None:
    acting = acting_role(env)
    if acting != role:
        raise UserError(
            f"its acting is {acting!r} in the half-step of role {role!r}; roles must decide in the "
            "order of `roles`, each once per slot"
        )
