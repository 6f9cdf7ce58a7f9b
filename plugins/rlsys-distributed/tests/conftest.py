"""Servers in threads, which end with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from front_server import RunningServer


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., RunningServer]]:
    """Return a function that starts a server in a directory of the test, always the same one."""
    running: list[RunningServer] = []

    def start(**settings: object) -> RunningServer:
        running.append(RunningServer(tmp_path / "home", **settings))
        return running[-1]

    yield start
    for server in running:
        if server._thread.is_alive():
            server.stop()
