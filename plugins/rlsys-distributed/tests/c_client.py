"""The C and C++ client: how it is built, and a program with it that does what a test tells it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from rlsys.plugins.requirements import in_ci

CLIENT = Path(__file__).parents[1] / "clients" / "c"
PROGRAM = CLIENT / "tests" / "program"
PACKAGES = (
    "g++ cmake make pkg-config libgrpc++-dev protobuf-compiler-grpc protobuf-compiler "
    "libprotobuf-dev libgtest-dev nlohmann-json3-dev libzstd-dev"
)


def run(*words: object, cwd: Path | None = None) -> str:
    """Run a command that must succeed, and return what it prints."""
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


def need_tools() -> None:
    """Skip the test, or in CI fail it, where the library cannot be built."""
    libraries = ["pkg-config", "--exists", "grpc++", "protobuf-lite", "libzstd"]
    tools = all(map(shutil.which, ("cmake", "grpc_cpp_plugin", "pkg-config")))
    if not tools or subprocess.run(libraries, check=False).returncode:
        text = f"what the C client is built with is missing: apt-get install {PACKAGES}"
        (pytest.fail if in_ci() else pytest.skip)(text)


def install_library(folder: Path) -> None:
    """Build the library, and install it into ``folder / "prefix"``."""
    run("cmake", "-S", CLIENT, "-B", folder / "build")
    run("cmake", "--build", folder / "build", "-j2")
    run("cmake", "--install", folder / "build", "--prefix", folder / "prefix")


def built_once(base: Path, name: str, build: Callable[[Path], None]) -> Path:
    """Return a folder below `base` in which one of several processes has built something."""
    folder = base / name
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            build(folder)
            (folder / "done").touch()
    return folder


class Failed(Exception):
    """What a function of the library has answered.

    Attributes:
        status: an rlsys_status; 0 where the function returns none.
        text: its line.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


class CProgram:
    """A running program that is linked with the library; ``program.cc`` has its commands.

    Args:
        binary: the program.
        folder: for its configuration and what it writes.
        environment: variables for it, besides those of the test.
    """

    def __init__(self, binary: Path, folder: Path, environment: dict[str, str]) -> None:
        folder.mkdir(parents=True)
        self._config = folder / "client.json"
        self._messages = folder / "stderr"
        with self._messages.open("w") as messages:
            self._process = subprocess.Popen(
                [binary],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                text=True,
                # A proxy is not asked for this machine.
                env={**os.environ, "no_grpc_proxy": "127.0.0.1,localhost", **environment},
            )

    def open(self, config: dict[str, Any], command: str = "open") -> None:
        """Open its agent; ``open_c`` does so with the C function, and closes it again."""
        self._config.write_text(json.dumps(config), encoding="utf-8")
        self.ask(command, self._config)

    def ask(self, *words: object) -> str:
        """Return the result of a command.

        Raises:
            Failed: the library has refused it.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        kind, _, rest = self._process.stdout.readline().rstrip("\n").partition(" ")
        if kind == "error":
            status, _, text = rest.partition(" ")
            raise Failed(int(status), text)
        assert kind == "ok", self.said()
        return rest

    def step(self, observation: Iterable[float]) -> int:
        """Take a step, and return the action."""
        return int(self.ask("step", *observation))

    def play(self, episodes: int, observation: Iterable[float]) -> None:
        """Play episodes of two steps."""
        observation = list(observation)
        for _ in range(episodes):
            self.step(observation)
            self.step(observation)
            self.ask("end")

    def flush(self, seconds: float) -> bool:
        """Return whether the server has everything in time."""
        return self.ask("flush", seconds) == "1"

    @property
    def statistics(self) -> dict[str, Any]:
        """The agent's numbers, and its problem."""
        found: dict[str, Any] = json.loads(self.ask("statistics"))
        return found

    def said(self) -> str:
        """Return what it has written to stderr."""
        return self._messages.read_text(encoding="utf-8")

    def end(self) -> None:
        """Close the agent, and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait() == 0, self.said()
