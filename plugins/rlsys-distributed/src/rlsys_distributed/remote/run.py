"""A running training with the agent `remote`: it watches its models on the server."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.policies import Policy
from rlsys.roles import RolePolicy
from rlsys.training import Session
from rlsys_distributed.client import Agent
from rlsys_distributed.client.status import ServerStatus
from rlsys_distributed.remote.means import Means
from rlsys_distributed.remote.parts import Part
from rlsys_distributed.remote.settings import RemoteSettings
from rlsys_distributed.remote.workers import Workers

_LOOK_EVERY = 0.2
_ASK_EVERY = 0.5
_REPORTS = 500


class RemoteRun:
    """A running training.

    Args:
        parts: its models.
        watching: a client of each of them, which only takes its versions.
    """

    def __init__(
        self,
        settings: RemoteSettings,
        parts: Sequence[Part],
        watching: Sequence[Agent],
        asking: ServerStatus,
        session: Session,
    ) -> None:
        self._settings = settings
        self._parts = parts
        self._watching = watching
        self._asking = asking
        self._session = session
        self._step = session.step
        self._stale = 0
        self._reported = session.step
        self._heard = self._asked = time.monotonic()

    def wait_for_models(self) -> None:
        """Wait for the first version of every model.

        Raises:
            UserError: the server refuses, or a learner cannot start.
            Interrupted: the user asked to stop.
        """
        while not all(self._versions()):
            self._check_connections()
            for model in self._status():
                if model["state"] == "failed":
                    raise UserError(f"the server's learner has ended: {model['problem']}")
            self._session.between_steps()
            time.sleep(_LOOK_EVERY)

    def play(self, workers: Workers) -> None:
        """Wait until the server has taken in all steps, and let the session save."""
        means, total, seen = Means(), self._settings.steps, [0]
        while True:
            for told in workers.wait(_LOOK_EVERY):
                means.add(told)
            self._check_connections()
            self._look()
            over = self._step >= total
            versions = self._versions()
            if self._step - self._reported >= total // _REPORTS or over:
                known = {"version": float(min(versions)), "steps_stale": float(self._stale)}
                self._session.report(self._step, total, {**means.flush(), **known})
                self._reported = self._step
            if over or seen != versions or self._session.stop_requested():
                seen = versions
                self._session.boundary(self._step, total, self.policy, dict)
            if over:
                return

    def policy(self) -> Policy:
        """Return the newest policy."""
        networks = {
            part.role: self._network(part, watching)
            for part, watching in zip(self._parts, self._watching, strict=True)
        }
        return networks.get("") or RolePolicy(networks)

    def _network(self, part: Part, watching: Agent) -> Network:
        network = watching.network
        assert network is not None
        notes = {"agent": "remote", "steps": self._step, "model": part.model}
        return dataclasses.replace(network, notes=notes)

    def _versions(self) -> list[int]:
        return [watching.version for watching in self._watching]

    def _look(self) -> None:
        """Ask how many steps the server has taken in: of the model that is furthest behind."""
        if time.monotonic() - self._asked < _ASK_EVERY:
            return
        models = {model["name"]: model for model in self._status()}
        if len(models) < len(self._parts):
            return
        self._stale = sum(model["steps_stale"] for model in models.values())
        taken = min(
            (models[part.model]["steps_learned"] + models[part.model]["steps_stale"]) // part.agents
            for part in self._parts
        )
        # After a kill of the server it is less for a while.
        self._step = min(max(self._step, taken), self._settings.steps)

    def _status(self) -> list[dict[str, Any]]:
        """Return what the server says about the models; nothing if it does not answer."""
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
            return []
        self._heard = time.monotonic()
        ours = {part.model for part in self._parts}
        return [model for model in models if model["name"] in ours]

    def _check_connections(self) -> None:
        for watching in self._watching:
            if watching.failure is not None:
                raise UserError(f"{self._settings.server}: {watching.failure}")
