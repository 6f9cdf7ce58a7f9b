"""A server: its front, its learners and its port, from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from rlsys.errors import UserError
from rlsys.storage.atomic import write_atomically
from rlsys_distributed.server.front import Front
from rlsys_distributed.server.handlers import TolerantServer
from rlsys_distributed.server.learners import Learners
from rlsys_distributed.server.metrics import serve_metrics
from rlsys_distributed.server.registry import FOLDER, Registry
from rlsys_distributed.server.settings import ServerConfig
from rlsys_distributed.v1.learner_pb2_grpc import add_LearningServicer_to_server
from rlsys_distributed.v1.trainer_pb2_grpc import add_TrainerServicer_to_server
from rlsys_distributed.wire.calls import SERVER_OPTIONS
from rlsys_distributed.wire.secrets import read_pem, token_of

ADDRESS_FILE = "server.json"
PATIENCE = 60.0
"""Seconds that learners have to save and end when the server stops."""
_SERVICES = ("", "rlsys.distributed.v1.Trainer")


class Server:
    """One server in one directory; everything runs in the event loop that calls it.

    Args:
        config: its settings.
        home: its directory, made if it is missing.

    Raises:
        UserError: another server uses the directory, or something in it cannot be read.
    """

    def __init__(self, config: ServerConfig, home: Path) -> None:
        self.config = config
        self.home = home
        self._held = contextlib.ExitStack()
        with contextlib.ExitStack() as held:
            _lock(home, held)
            self.learners = Learners(home)
            self.registry = Registry(config, home, self.learners.start)
            self.learners.registry = self.registry
            self.front = Front(self.registry, token_of(config.token_file))
            self._held = held.pop_all()

    async def start(self) -> str:
        """Listen, and return the address; learners are started by `run_learners`.

        Raises:
            UserError: the port is taken, or a certificate cannot be read.
        """
        self._server = grpc.aio.server(options=SERVER_OPTIONS)
        tolerant = TolerantServer(self._server)
        add_TrainerServicer_to_server(self.front, tolerant)
        add_LearningServicer_to_server(self.learners, tolerant)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        port = _listen(self._server, self.config)
        # Learners come in here, whatever the programs use.
        self.inner_port = _added(
            self.config.learner_host, 0, self._server.add_insecure_port, "with learner_host"
        )
        await self._server.start()
        for service in _SERVICES:
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        address = f"{self.config.host}:{port}"
        if self.config.metrics_port is not None:
            self._serve_metrics(self.config.metrics_port)
        kept = json.dumps({"address": address, "pid": os.getpid()})
        write_atomically(self.home / ADDRESS_FILE, kept)
        return address

    def _serve_metrics(self, port: int) -> None:
        loop = asyncio.get_running_loop()

        async def status() -> Any:
            return self.front.status()

        def ask() -> Any:  # in a thread of the metrics' server
            return asyncio.run_coroutine_threadsafe(status(), loop).result(10.0)

        self.metrics_port, end = serve_metrics(self.config.host, port, ask)
        self._held.callback(end)

    def run_learners(self) -> None:
        """Start a learner for every model, now and when one is made."""
        self.learners.start_all(f"{_host(self.config.learner_host)}:{self.inner_port}")

    async def stop(self) -> None:
        """Let learners save and end, and end all calls."""
        for service in _SERVICES:
            await self._health.set(service, health_pb2.HealthCheckResponse.NOT_SERVING)
        await self.learners.stop(PATIENCE)
        await self._server.stop(grace=1.0)
        # In a thread: a request for metrics that is being answered needs this loop.
        await asyncio.to_thread(self._held.close)
        for model in self.registry.models.values():
            model.close()
        (self.home / ADDRESS_FILE).unlink(missing_ok=True)


def _listen(server: grpc.aio.Server, config: ServerConfig) -> int:
    add = server.add_insecure_port
    if config.tls is not None:
        add = partial(server.add_secure_port, server_credentials=_credentials(config))
    fix = "with --port and --host (--port 0: any free one)"
    return _added(config.host, config.port, add, fix)


def _added(host: str, port: int, add: Callable[[str], int], fix: str) -> int:
    address = f"{_host(host)}:{port}"
    try:
        return add(address)
    except RuntimeError as error:
        raise UserError(
            f"cannot listen on {address}: the port is taken or the address is not this machine's; "
            f"choose another one {fix}"
        ) from error


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _credentials(config: ServerConfig) -> grpc.ServerCredentials:
    tls = config.tls
    assert tls is not None
    read = {
        name: read_pem(getattr(tls, name), f"tls.{name}") for name in ("cert", "key", "client_ca")
    }
    return grpc.ssl_server_credentials(
        [(read["key"], read["cert"])],
        root_certificates=read["client_ca"],
        require_client_auth=read["client_ca"] is not None,
    )


def _lock(home: Path, held: contextlib.ExitStack) -> None:
    """Keep other servers out of the directory."""
    try:
        (home / FOLDER).mkdir(parents=True, exist_ok=True)
        file = held.enter_context((home / FOLDER / ".lock").open("w", encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{home}: cannot be written: {error.strerror}; choose another --out"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UserError(
            f"{home}: another server uses this directory; stop it, or choose another --out"
        ) from error
