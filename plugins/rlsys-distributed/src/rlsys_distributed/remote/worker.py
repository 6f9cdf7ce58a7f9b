"""A process that plays copies of an environment, as a program that asks the server would."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, cast

import numpy as np

from rlsys.adapters.parcel import Parcel, portable_error
from rlsys.controllers import action_masks
from rlsys.errors import UserError
from rlsys.executors.stopping import follow_parent
from rlsys.rollout import EpisodeMeter
from rlsys.seeds import training_seeds
from rlsys_distributed.client import Agent, Trajectory

_TELL_EVERY = 0.2
"""Seconds between two messages to the process that asked for this one."""
_AHEAD = 1
"""Trajectories that the server need not have acknowledged before the copies go on; with more, what
they play would be older when the server learns from it."""
_WAIT_FOR_MODEL = 86_400.0
"""Seconds; nothing is played at random, since the process that asked for this one has a model."""


@dataclass(frozen=True)
class Task:
    """What a worker plays.

    Attributes:
        make_env: an `rlsys.adapters.making.EnvMaker`.
        client: the client's configuration.
        num_envs: number of copies.
        metrics: of the environment's episodes.
        seed: from which the seeds of the first episodes are drawn.
    """

    make_env: Parcel
    client: Mapping[str, Any]
    num_envs: int
    metrics: tuple[str, ...]
    seed: int


def work(pipe: Connection, task: Task) -> None:
    """Play until the other side of `pipe` says anything, or is gone.

    It is sent the means over the episodes that have ended (see `EpisodeMeter.flush`), and an error.
    """
    follow_parent()
    try:
        try:
            _work(pipe, task)
        except (BrokenPipeError, EOFError):
            raise
        except Exception as error:  # noqa: BLE001 - the other side raises it
            pipe.send(portable_error(error))
    except (BrokenPipeError, EOFError):
        pass  # nobody is left to play for


def _work(pipe: Connection, task: Task) -> None:
    env = task.make_env.unpack()(task.num_envs)
    try:
        # Whatever the program would be told in its log, the other side is told as an error.
        config = {**task.client, "first_model_timeout": _WAIT_FOR_MODEL}
        spaces = {
            "observation_space": env.single_observation_space,
            "action_space": env.single_action_space,
        }
        with Agent(config, **spaces) as agent:
            _play(env, agent, EpisodeMeter(task.num_envs, task.metrics), pipe, task.seed)
    finally:
        env.close()


def _play(env: Any, agent: Agent, meter: EpisodeMeter, pipe: Connection, seed: int) -> None:
    copies = env.num_envs
    masked, kind = agent.config.masked, env.single_action_space.dtype
    trajectories: list[Trajectory | None] = [None] * copies
    observations, _ = env.reset(seed=cast("Any", training_seeds(seed, copies)))
    told, steps = time.monotonic(), 0
    while True:
        masks = action_masks(env) if masked else None
        actions = []
        for copy in range(copies):
            mask = None if masks is None else masks[copy]
            trajectory, action = agent.request_for_action(
                trajectories[copy], observations[copy], mask
            )
            agent.add_to_trajectory(trajectory, action)
            trajectories[copy] = trajectory
            actions.append(action)
        acts = np.array([action.act for action in actions], kind)
        observations, rewards, terminated, truncated, infos = env.step(acts)
        ended = terminated | truncated
        for copy, action in enumerate(actions):
            action.update_reward(rewards[copy])
        for copy in np.flatnonzero(ended).tolist():
            agent.mark_end_of_trajectory(
                cast("Trajectory", trajectories[copy]),
                actions[copy],
                truncated=not terminated[copy],
                last_observation=infos["final_obs"][copy],
                # Masks are of the episode that has begun; what is learned needs only a value here.
                last_mask=None if masks is None else np.ones_like(masks[copy]),
            )
        meter.update(rewards, ended, infos)
        steps += 1
        if time.monotonic() - told > _TELL_EVERY:
            if pipe.poll():
                return
            pipe.send(meter.flush())
            told = time.monotonic()
        if (ended.any() or steps % agent.config.max_traj_length == 0) and not _room(
            agent, pipe.poll
        ):
            return


def _room(agent: Agent, stop: Callable[[], bool]) -> bool:
    """Wait until the server has taken what was played; return False to stop.

    Raises:
        UserError: the connection was given up.
    """
    while not agent.flush(_TELL_EVERY, left=_AHEAD):
        if stop():
            return False
    if agent.failure is not None:
        raise UserError(f"the server refuses what is played: {agent.failure}")
    return True
