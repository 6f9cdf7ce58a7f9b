"""Servers in threads, which end with the test; and what is made once for all tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from c_client import PROGRAM, CProgram, built_once, install_library, need_tools, run
from certificates import make_certificates
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


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with certificate authorities, and what they have signed."""
    folder = tmp_path_factory.mktemp("keys")
    make_certificates(folder)
    return folder


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of a test session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def prefix(shared: Path) -> Path:
    """Return where the C client's library is installed."""
    need_tools()
    return built_once(shared, "c-client", install_library) / "prefix"


@pytest.fixture(scope="session")
def c_binary(shared: Path, prefix: Path) -> Path:
    """Return a program that is linked with the library."""

    def build(folder: Path) -> None:
        run("cmake", "-S", PROGRAM, "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}")
        run("cmake", "--build", folder)

    return built_once(shared, "c-program", build) / "program"


@pytest.fixture
def c_program(c_binary: Path, tmp_path: Path) -> Iterator[Callable[..., CProgram]]:
    """Return a function that starts a C++ program, with variables for its environment."""
    running: list[CProgram] = []

    def start(**environment: str) -> CProgram:
        folder = tmp_path / f"program-{len(running)}"
        running.append(CProgram(c_binary, folder, environment))
        return running[-1]

    yield start
    for program in running:
        program.end()
