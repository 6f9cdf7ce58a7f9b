"""A server as a user starts it, with real learners; and a program that is quick to learn."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from rlsys_distributed.client import Agent

LIMIT = 600.0
"""Seconds that a test waits for an event, on the slowest machine."""


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    waiting = threading.Event()
    for _ in range(int(LIMIT * 20)):
        if condition():
            return
        waiting.wait(0.05)
    pytest.fail(f"it has not come about in {LIMIT:.0f} seconds")


class LiveServer:
    """``rlsys distributed serve`` in a process of its own."""

    def __init__(self, home: Path, *, port: int = 0, **settings: object) -> None:
        self.home = home
        config = home.parent / f"{home.name}.yaml"
        config.write_text(yaml.safe_dump(settings))
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "rlsys.cli.main", "distributed", "serve", "--config", config,
                "--port", str(port), "--out", home,
            ],
            stdout=subprocess.PIPE,
            stderr=(home.parent / "server.log").open("a"),
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.match(r"listening on (\S+),", line)
        assert found, (home.parent / "server.log").read_text()
        self.address = found[1]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        """End it as kill -9 does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as Ctrl-C does; everything is saved."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(LIMIT) == 0, (self.home.parent / "server.log").read_text()


class SignProgram:
    """A program that should say whether a number is positive, eight times per episode.

    The best mean return is 8, and drawing earns 4. It runs in a thread until it is stopped.
    """

    STEPS = 8

    def __init__(self, address: str, client_id: str, **config: object) -> None:
        self.agent = Agent(
            {
                "client_id": client_id,
                "train_server_address": address,
                "observation_space": {"box": {"shape": [2], "low": -1, "high": 1}},
                "action_space": {"discrete": {"n": 2}},
                "seed": 0,
                "first_model_timeout": 120,
                **config,
            }
        )
        self.returns: list[float] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def mean(self, episodes: int = 50) -> float:
        """Return the mean of the last episodes."""
        return float(np.mean(self.returns[-episodes:])) if self.returns else 0.0

    def learns(self, wanted: float) -> bool:
        """Wait until it earns that much."""
        for _ in range(int(LIMIT * 10)):
            if len(self.returns) > 50 and self.mean() >= wanted:
                return True
            if self._stopping.wait(0.1):
                break
        return False

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(LIMIT)

    def _run(self) -> None:
        drawn = np.random.default_rng(0)
        while not self._stopping.is_set():
            trajectory, earned = None, 0.0
            for _ in range(self.STEPS):
                value = drawn.uniform(-1, 1)
                trajectory, action = self.agent.request_for_action(trajectory, [value, 0.5])
                self.agent.add_to_trajectory(trajectory, action)
                reward = float(action.act == (value > 0))
                action.update_reward(reward)
                earned += reward
            self.agent.mark_end_of_trajectory(trajectory, action)
            self.returns.append(earned)
            # A program has something else to do, too; so it does not run away from its learner.
            self._stopping.wait(0.002)
