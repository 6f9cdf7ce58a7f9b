"""Trains in an environment by playing it here and learning on a server."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from rlsys.agents.spaces import check_problem, has_items, kind_of
from rlsys.errors import UserError, name_of
from rlsys.network import Network
from rlsys.policies import load_policy
from rlsys.storage.atomic import write_atomically
from rlsys.training import NETWORK_FILE, Problem, Session
from rlsys_distributed.client import Agent
from rlsys_distributed.client.status import ServerStatus
from rlsys_distributed.remote.means import Means
from rlsys_distributed.remote.settings import RemoteSettings
from rlsys_distributed.remote.worker import Task
from rlsys_distributed.remote.workers import Workers
from rlsys_distributed.wire.secrets import token_of

MODEL_FILE = "model.json"
"""In the directory of the training: the model's name, so that `--resume` finds it."""
_KINDS = {"ppo": ("discrete", "multi-discrete", "continuous"), "dqn": ("discrete",)}
_LOOK_EVERY = 0.2
_ASK_EVERY = 0.5
_REPORTS = 500
_LONGEST_PREFIX = 80


def make_remote(settings: RemoteSettings) -> RemoteAgent:
    """Return the agent; the factory of its description."""
    return RemoteAgent(settings)


class RemoteAgent:
    """Plays an environment in worker processes; a server learns from them.

    The server keeps what training needs, so a training that is resumed goes on with what the server
    has, not with what it had at the last checkpoint here. Runs are not repeatable: what is learned
    depends on how fast everything is.
    """

    def __init__(self, settings: RemoteSettings) -> None:
        self.settings = settings

    def train(self, problem: Problem, session: Session) -> Network:
        """Train until the server has taken in all steps; return the newest network.

        Raises:
            UserError: the environment has what the algorithm cannot learn, or the server is not
                there, refuses, or has stayed away for too long.
            Interrupted: from the session.
        """
        if problem.spaces is not None:
            raise UserError(
                "agent 'remote' plays environments; a running program learns by itself with "
                "`rlsys distributed serve`"
            )
        client = self._client(problem)
        if session.resumed_state() is not None and session.step >= self.settings.steps:
            done: Any = load_policy(session.directory / "last" / NETWORK_FILE)
            return done  # type: ignore[no-any-return]
        name = self._model_name(client.pop("name"), session)
        client |= {"model": name, "algorithm_name": self.settings.algorithm}
        credentials = None if self.settings.tls is None else self.settings.tls.credentials()
        with ExitStack() as opened:
            asking = opened.enter_context(
                ServerStatus(self.settings.server, token_of(self.settings.token_file), credentials)
            )
            _require_server(asking, name if session.step else None)
            watching = Agent({**client, "client_id": f"{name}.0", "explore": False})
            opened.callback(watching.close)
            run = _Run(self.settings, name, watching, asking, session)
            run.wait_for_model()
            run.play(opened.enter_context(Workers(self._tasks(problem, session, client))))
            return run.network()

    def _client(self, problem: Problem) -> dict[str, Any]:
        """Return what all clients have in common, and the environment's `name`."""
        from rlsys_distributed.client.gymnasium_spaces import space_of
        from rlsys_distributed.wire.spaces import as_json

        settings = self.settings
        env = problem.make_env(1)
        try:
            kinds = _KINDS[settings.algorithm]
            check_problem("remote", env, kinds, items=settings.algorithm == "ppo")
            observation, action = env.single_observation_space, env.single_action_space
            masked = hasattr(env, "action_masks") and kind_of(action) == "discrete"
            return {
                "name": re.sub(r"[^A-Za-z0-9._-]+", "-", name_of(env)).strip("-._") or "env",
                "train_server_address": settings.server,
                "observation_space": as_json(space_of(observation, "observation_space")),
                "action_space": as_json(space_of(action, "action_space")),
                # DQN knows no masks, here as everywhere.
                "masked": masked and settings.algorithm == "ppo",
                "items": has_items(env),
                "algorithm_parameters": settings.algorithm_parameters,
                "max_traj_length": settings.max_traj_length,
                "encoding": settings.encoding,
                "token_file": settings.token_file,
                "tls": settings.tls,
            }
        finally:
            env.close()

    def _model_name(self, environment: str, session: Session) -> str:
        """Return the name of this training's model, the same one after `--resume`."""
        path = session.directory / MODEL_FILE
        if session.resume and path.exists():
            return str(json.loads(path.read_text(encoding="utf-8"))["model"])
        prefix = (self.settings.model or environment)[:_LONGEST_PREFIX]
        name = f"{prefix}-{secrets.token_hex(4)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"model": name, "server": self.settings.server}))
        return name

    def _tasks(self, problem: Problem, session: Session, client: Mapping[str, Any]) -> list[Task]:
        make_env: Any = problem.make_env
        # A training that goes on plays other episodes than those it began with.
        first = (session.seed << 20) + session.step
        return [
            Task(
                make_env.packed(),
                {**client, "client_id": f"{client['model']}.{number}", "seed": first + number},
                self.settings.num_envs,
                problem.metrics,
                first + number,
            )
            for number in range(1, self.settings.workers + 1)
        ]


class _Run:
    """A running training."""

    def __init__(
        self,
        settings: RemoteSettings,
        model: str,
        watching: Agent,
        asking: ServerStatus,
        session: Session,
    ) -> None:
        self._settings = settings
        self._model = model
        self._watching = watching
        self._asking = asking
        self._session = session
        self._step = session.step
        self._stale = 0
        self._reported = session.step
        self._heard = self._asked = time.monotonic()

    def wait_for_model(self) -> None:
        """Wait for the first version.

        Raises:
            UserError: the server refuses, or its learner cannot start.
            Interrupted: the user asked to stop.
        """
        while not self._watching.version:
            self._check_connection()
            model = self._status()
            if model is not None and model["state"] == "failed":
                raise UserError(f"the server's learner has ended: {model['problem']}")
            self._session.between_steps()
            time.sleep(_LOOK_EVERY)

    def play(self, workers: Workers) -> None:
        """Wait until the server has taken in all steps, and let the session save."""
        means, total, seen = Means(), self._settings.steps, 0
        while True:
            for told in workers.wait(_LOOK_EVERY):
                means.add(told)
            self._check_connection()
            self._look()
            over = self._step >= total
            if self._step - self._reported >= total // _REPORTS or over:
                version = float(self._watching.version)
                told = {**means.flush(), "version": version, "steps_stale": float(self._stale)}
                self._session.report(self._step, total, told)
                self._reported = self._step
            if over or seen != self._watching.version or self._session.stop_requested():
                seen = self._watching.version
                self._session.boundary(self._step, total, self.network, dict)
            if over:
                return

    def network(self) -> Network:
        """Return the newest network."""
        network = self._watching.network
        assert network is not None
        return dataclasses.replace(
            network, notes={"agent": "remote", "steps": self._step, "model": self._model}
        )

    def _look(self) -> None:
        """Ask how many steps the server has taken in."""
        if time.monotonic() - self._asked < _ASK_EVERY:
            return
        model = self._status()
        if model is not None:
            self._stale = model["steps_stale"]
            taken = model["steps_learned"] + model["steps_stale"]
            # After a kill of the server it is less for a while.
            self._step = min(max(self._step, taken), self._settings.steps)

    def _status(self) -> dict[str, Any] | None:
        """Return what the server says about the model, or None."""
        self._asked = time.monotonic()
        try:
            models = self._asking.ask()["models"]
        except UserError as error:
            away = time.monotonic() - self._heard
            if away > self._settings.patience:
                raise UserError(
                    f"{error} (for {away:.0f} s); start the server again, and continue with "
                    "--resume"
                ) from error
            return None
        self._heard = time.monotonic()
        return next((model for model in models if model["name"] == self._model), None)

    def _check_connection(self) -> None:
        if self._watching.failure is not None:
            raise UserError(f"{self._settings.server}: {self._watching.failure}")


def _require_server(asking: ServerStatus, model: str | None) -> None:
    """Refuse before anything is played if there is no server, or it has not the model.

    Raises:
        UserError: what is missing, and what to do.
    """
    try:
        models = asking.ask()["models"]
    except UserError as error:
        raise UserError(
            f"{error}; start a server with `rlsys distributed serve`, or give its address with "
            "--server HOST:PORT"
        ) from error
    if model is not None and model not in {one["name"] for one in models}:
        raise UserError(
            f"the server has no model {model!r} any more, so this training cannot go on; start the "
            "server with the --out that it had, or train anew without --resume"
        )
