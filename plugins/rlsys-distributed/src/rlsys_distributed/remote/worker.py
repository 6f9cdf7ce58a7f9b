"""A process that plays copies of an environment, as a program that asks the server would."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from rlsys.adapters.parcel import Parcel, portable_error
from rlsys.executors.stopping import follow_parent
from rlsys.rollout import EpisodeMeter
from rlsys_distributed.client import Agent
from rlsys_distributed.remote.playing import Other, play, play_roles

_WAIT_FOR_MODEL = 86_400.0
"""Seconds; nothing is played at random, since the process that asked for this one has a model."""


@dataclass(frozen=True)
class Task:
    """What a worker plays.

    Attributes:
        make_env: an `rlsys.adapters.making.EnvMaker`.
        clients: the clients' configurations by role; without roles that of ``""``.
        num_envs: number of copies.
        metrics: of the environment's episodes.
        seed: from which the seeds of the first episodes are drawn.
    """

    make_env: Parcel
    clients: Mapping[str, Mapping[str, Any]]
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
    with ExitStack() as opened:
        env = task.make_env.unpack()(task.num_envs)
        opened.callback(env.close)
        agents = {
            role: opened.enter_context(Agent({**client, "first_model_timeout": _WAIT_FOR_MODEL}))
            for role, client in task.clients.items()
        }
        other = Other(pipe, EpisodeMeter(task.num_envs, task.metrics))
        if "" in agents:
            play(env, agents[""], other, task.seed)
        else:
            play_roles(env, agents, other, task.seed)
