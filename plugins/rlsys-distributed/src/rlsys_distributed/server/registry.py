"""All models of a server, and who may have which."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from rlsys.config import Document, validate
from rlsys.errors import UserError
from rlsys_distributed.learning.settings import LiveDqnSettings, LivePpoSettings
from rlsys_distributed.server.clients import Client
from rlsys_distributed.server.model import STATE_FILE, Model, ModelSpec
from rlsys_distributed.server.settings import ServerConfig
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.spaces import Box, Discrete, from_space

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_INSTANCE_BYTES = 16
_MOST_SETTINGS = 64 * 1024
_ENCODINGS = (pb.EXACT, pb.FLOAT16, pb.INT8)
SETTINGS: dict[str, Any] = {"ppo": LivePpoSettings, "dqn": LiveDqnSettings}

FOLDER = ".server"
"""Below the server's directory: journals and states, by model."""


class Refused(Exception):
    """A call that is answered with a status code and one line."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code


class Registry:
    """The models of a server and the programs that are registered.

    Args:
        config: of the server.
        home: its directory.
        start: called with every model that needs a learner.

    Raises:
        UserError: a model on disk cannot be read, or was made with other settings.
    """

    def __init__(self, config: ServerConfig, home: Path, start: Callable[[Model], None]) -> None:
        self.config = config
        self.home = home
        self._start = start
        self.models: dict[str, Model] = {}
        self._sessions: dict[str, tuple[Model, Client]] = {}
        self._attempts: dict[str, deque[float]] = {}
        for path in sorted((home / FOLDER).glob(f"*/{STATE_FILE}")):
            self._reopen(path)

    def register(self, request: pb.RegisterRequest, peer: str) -> tuple[Model, Client]:
        """Let a program in.

        Raises:
            Refused: with the code and the reason.
        """
        self._check_rate(peer)
        try:
            spec = self._spec(request)
        except (WireError, UserError) as error:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, str(error)) from error
        model = self.models.get(spec.name)
        if model is None:
            model = self._new(spec)
        elif (difference := model.spec.difference(spec)) is not None:
            raise Refused(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"model {spec.name!r} is there with other values: its {difference}; "
                "register with the same, or under another name",
            )
        return model, self._client(model, request)

    def of_session(self, session: str) -> tuple[Model, Client]:
        """Return whose session it is.

        Raises:
            Refused: nobody's.
        """
        found = self._sessions.get(session)
        if found is None:
            raise Refused(
                grpc.StatusCode.UNAUTHENTICATED,
                "unknown session: the server was restarted; register",
            )
        return found

    def leave(self, client: Client) -> None:
        """A stream of a program has ended; when none is left, its place is free."""
        client.calls -= 1
        if client.calls == 0 and client.early:
            client.early.clear()  # it will send them again

    def connected(self) -> int:
        """Return the number of programs that have a stream open."""
        return sum(c.connected for model in self.models.values() for c in model.clients.values())

    def _reopen(self, path: Path) -> None:
        try:
            spec = ModelSpec.of_json(json.loads(path.read_text(encoding="utf-8"))["spec"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path}: cannot be read: {error}") from error
        wanted = self._settings(spec.name, spec.algorithm, {})
        own = self.config.models.get(spec.name)
        given = {**self.config.settings.get(spec.algorithm, {}), **(own.settings if own else {})}
        for key in given:
            if wanted[key] != spec.settings[key]:
                raise UserError(
                    f"model {spec.name!r} in {self.home} was made with {key} = "
                    f"{spec.settings[key]!r}, not {wanted[key]!r}; start with its own settings, or "
                    "with another --out"
                )
        model = Model(spec, path.parent, self.config)
        self.models[spec.name] = model
        self._start(model)

    def _new(self, spec: ModelSpec) -> Model:
        if len(self.models) >= self.config.limits.models:
            raise Refused(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"there are {len(self.models)} models, as many as the server allows "
                "(limits.models)",
            )
        model = Model(spec, self.home / FOLDER / spec.name, self.config)
        self.models[spec.name] = model
        self._start(model)
        return model

    def _client(self, model: Model, request: pb.RegisterRequest) -> Client:
        known = self._known(request.client_id)
        if known is not None and known.connected and known.instance != request.instance:
            raise Refused(
                grpc.StatusCode.ALREADY_EXISTS,
                f"client_id {request.client_id!r} is in use by a program that is connected; give "
                "this one another client_id",
            )
        if not (known is not None and known.connected):
            limit = self.config.limits.clients
            if self.connected() >= limit:
                raise Refused(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"{limit} programs are connected, as many as the server allows "
                    "(limits.clients)",
                )
        for session, (_, client) in list(self._sessions.items()):
            if client.client_id == request.client_id:
                del self._sessions[session]
        for other in self.models.values():
            other.clients.pop(request.client_id, None)
        session = secrets.token_urlsafe(24)
        acknowledged = max(model.acknowledged.of(request.instance), request.first_sequence - 1, 0)
        client = Client(
            request.client_id,
            request.instance,
            session,
            software=request.software[:100],
            encoding=next((e for e in request.encodings if e in _ENCODINGS), pb.EXACT),
            acknowledged=acknowledged,
            steps=known.steps if known is not None else 0,
        )
        model.clients[client.client_id] = client
        self._sessions[session] = (model, client)
        return client

    def _known(self, client_id: str) -> Client | None:
        for model in self.models.values():
            if client_id in model.clients:
                return model.clients[client_id]
        return None

    def _check_rate(self, peer: str) -> None:
        # "ipv4:10.0.0.7:51234": the port changes with every connection.
        address = peer.rpartition(":")[0]
        now = time.monotonic()
        attempts = self._attempts.setdefault(address, deque())
        while attempts and now - attempts[0] > 60.0:
            attempts.popleft()
        limit = self.config.limits.registrations_per_minute
        if len(attempts) >= limit:
            raise Refused(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"more than {limit} registrations per minute (limits.registrations_per_minute)",
            )
        attempts.append(now)
        if len(self._attempts) > 10_000:  # addresses that are silent again
            self._attempts = {a: t for a, t in self._attempts.items() if t and now - t[-1] < 60.0}

    def _spec(self, request: pb.RegisterRequest) -> ModelSpec:
        for field in ("client_id", "model"):
            value = getattr(request, field)
            if not _NAME.fullmatch(value) and (value or field == "client_id"):
                raise WireError(
                    f"{field} {value[:100]!r}: must be 1 to 100 letters, digits, '.', '_' or '-', "
                    "and begin with a letter or digit"
                )
        if len(request.instance) != _INSTANCE_BYTES:
            raise WireError(
                f"instance: {len(request.instance)} bytes; must be {_INSTANCE_BYTES} random ones"
            )
        observation = from_space(request.observation, "observation")
        action = from_space(request.action, "action")
        if not isinstance(observation, Box):
            raise WireError(f"observation: must be a box, not {observation}")
        if request.masked and not isinstance(action, Discrete):
            raise WireError(f"masked: only discrete actions have masks, not {action}")
        if request.items and len(observation.shape) != 2:
            raise WireError(
                f"items: an observation of items has the shape (items, features), not "
                f"{observation.shape}"
            )
        name = request.model or request.client_id
        own = self.config.models.get(name)
        algorithm: Any = request.algorithm or (own and own.algorithm) or self.config.algorithm
        if algorithm not in SETTINGS:
            raise WireError(f"algorithm {algorithm!r}: must be ppo or dqn")
        if algorithm == "dqn" and (
            not isinstance(action, Discrete) or request.masked or request.items
        ):
            raise WireError(
                "dqn: needs discrete actions, and knows neither masks nor items; use ppo"
            )
        if isinstance(action, Box) and len(action.shape) != 1:
            raise WireError(f"action: a box must be a vector, not of shape {action.shape}")
        return ModelSpec(
            name,
            observation,
            action,
            request.masked,
            request.items,
            algorithm,
            self._settings(name, algorithm, _object(request.settings)),
        )

    def _settings(self, name: str, algorithm: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return all settings: those of the server, of the model in its file, of the client.

        Raises:
            UserError: an unknown one, or a value that is not allowed.
        """
        own = self.config.models.get(name)
        merged = {
            **self.config.settings.get(algorithm, {}),  # type: ignore[call-overload]
            **(own.settings if own is not None else {}),
            **given,
        }
        settings: dict[str, Any] = validate(
            SETTINGS[algorithm], Document(merged, f"settings of {algorithm}")
        ).model_dump(mode="json")
        return settings


def _object(text: str) -> dict[str, Any]:
    if not text:
        return {}
    if len(text) > _MOST_SETTINGS:
        raise WireError(f"settings: {len(text)} characters; at most {_MOST_SETTINGS} are allowed")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"settings: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise WireError("settings: must be a JSON object")
    return found
