"""Runs a server until it is asked to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path

from rlsys_distributed.server.server import Server
from rlsys_distributed.server.settings import ServerConfig

_LOG = logging.getLogger("rlsys.distributed")


def serve(config: ServerConfig, home: Path, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; then everything is saved.

    Args:
        home: the server's directory, made if it is missing.
        on_ready: called with the address once programs can connect.

    Raises:
        UserError: the port is taken, a file cannot be read or written, or another server uses the
            directory.
    """
    asyncio.run(_serve(config, home, on_ready))


async def _serve(config: ServerConfig, home: Path, on_ready: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = Server(config, home)
    address = await server.start()
    server.run_learners()
    on_ready(address)
    await stop.wait()
    _LOG.info("stopping: learners save and end")
    await server.stop()
