"""Trains in an environment by playing it here and learning on a server."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from rlsys.errors import UserError
from rlsys.policies import Policy, load_policy
from rlsys.storage.atomic import write_atomically
from rlsys.training import NETWORK_FILE, Problem, Session
from rlsys_distributed.client import Agent
from rlsys_distributed.client.status import ServerStatus
from rlsys_distributed.remote.parts import Part, parts_of, prefix_of
from rlsys_distributed.remote.run import RemoteRun
from rlsys_distributed.remote.settings import RemoteSettings
from rlsys_distributed.remote.worker import Task
from rlsys_distributed.remote.workers import Workers
from rlsys_distributed.wire.secrets import token_of

MODEL_FILE = "model.json"
"""In the directory of the training: the model's name, so that `--resume` finds it."""


def make_remote(settings: RemoteSettings) -> RemoteAgent:
    """Return the agent; the factory of its description."""
    return RemoteAgent(settings)


class RemoteAgent:
    """Plays an environment in worker processes; a server learns from them.

    Every role has a model of its own. The server keeps what training needs, so a training that is
    resumed goes on with what the server has, not with what it had at the last checkpoint here. Runs
    are not repeatable: what is learned depends on how fast everything is.
    """

    def __init__(self, settings: RemoteSettings) -> None:
        self.settings = settings

    def train(self, problem: Problem, session: Session) -> Policy:
        """Train until the server has taken in all steps; return the newest policy.

        Raises:
            UserError: the environment has what the algorithm cannot learn, or the server is not
                there, refuses, or has stayed away for too long.
            Interrupted: from the session.
        """
        _require_playable(problem)
        env = problem.make_env(1)
        try:
            name = self._name(prefix_of(env, self.settings), session)
            parts = parts_of(env, self.settings, name)
        finally:
            env.close()
        if session.resumed_state() is not None and session.step >= self.settings.steps:
            return load_policy(session.directory / "last" / NETWORK_FILE)
        tls, token = self.settings.tls, token_of(self.settings.token_file)
        with ExitStack() as opened:
            asking = opened.enter_context(
                ServerStatus(
                    self.settings.server, token, None if tls is None else tls.credentials()
                )
            )
            _require_server(asking, parts if session.step else ())
            watching = [
                opened.enter_context(
                    Agent({**part.client, "client_id": f"{part.model}.0", "explore": False})
                )
                for part in parts
            ]
            run = RemoteRun(self.settings, parts, watching, asking, session)
            run.wait_for_models()
            run.play(opened.enter_context(Workers(self._tasks(problem, session, parts))))
            return run.policy()

    def _name(self, prefix: str, session: Session) -> str:
        """Return the name of this training on the server, the same one after `--resume`."""
        path = session.directory / MODEL_FILE
        if session.resume and path.exists():
            return str(json.loads(path.read_text(encoding="utf-8"))["model"])
        name = f"{prefix}-{secrets.token_hex(4)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"model": name, "server": self.settings.server}))
        return name

    def _tasks(self, problem: Problem, session: Session, parts: Sequence[Part]) -> list[Task]:
        make_env: Any = problem.make_env
        # A training that goes on plays other episodes than those it began with.
        first = (session.seed << 20) + session.step
        return [
            Task(
                make_env.packed(),
                {
                    part.role: {
                        **part.client,
                        "client_id": f"{part.model}.{number}",
                        "seed": first + number,
                    }
                    for part in parts
                },
                self.settings.num_envs,
                problem.metrics,
                first + number,
            )
            for number in range(1, self.settings.workers + 1)
        ]


def _require_playable(problem: Problem) -> None:
    """Refuse what several processes cannot play.

    Raises:
        UserError: it has spaces only, or is one real system.
    """
    if problem.spaces is not None:
        raise UserError(
            "agent 'remote' plays environments; a running program learns by itself with "
            "`rlsys distributed serve`"
        )
    described = getattr(problem.make_env, "environment", None)
    if described is not None and described.costly:
        raise UserError(
            f"agent 'remote' plays several copies at a time, but {described.name} is one real "
            "system; choose another agent"
        )


def _require_server(asking: ServerStatus, parts: Sequence[Part]) -> None:
    """Refuse before anything is played if there is no server, or it has not the models.

    Raises:
        UserError: what is missing, and what to do.
    """
    try:
        models = {model["name"] for model in asking.ask()["models"]}
    except UserError as error:
        raise UserError(
            f"{error}; start a server with `rlsys distributed serve`, or give its address with "
            "--server HOST:PORT"
        ) from error
    for part in parts:
        if part.model not in models:
            raise UserError(
                f"the server has no model {part.model!r} any more, so this training cannot go on; "
                "start the server with the --out that it had, or train anew without --resume"
            )
