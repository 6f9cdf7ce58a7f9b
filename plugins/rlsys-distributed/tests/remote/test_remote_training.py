"""`--agent remote`: played here, learned on a server, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from live_server import LIMIT, LiveServer, until

import rlsys
from rlsys.descriptors import EnvironmentSpec
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.training import Problem, Session
from rlsys_distributed.client.status import ServerStatus
from rlsys_distributed.remote.agent import make_remote
from rlsys_distributed.remote.settings import RemoteSettings

pytestmark = pytest.mark.slow
PPO = {"n_steps": 256, "batch_size": 64, "net_arch": [16], "learning_rate": 3e-3, "gamma": 0.0}
SERVER = {"settings": {"ppo": PPO}, "checkpoint_every": 500}
GUESS = '''
import gymnasium
import numpy as np
from pydantic import BaseModel, ConfigDict

from rlsys import hookimpl
from rlsys.descriptors import EnvironmentSpec


@hookimpl
def rlsys_environments():
    return [EnvironmentSpec(name="guess", summary="say whether a number is positive",
                            config="guess:Config", env="guess:Guess", agent="ppo")]


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    fails_at: int = 0


class Guess(gymnasium.Env):
    """Eight guesses; drawing earns 4, and 8 is the best. The last action is never allowed."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(3)

    def __init__(self, config):
        self.config, self.steps = config, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = 8
        return self.look(), {}

    def look(self):
        self.seen = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.seen

    def action_masks(self):
        return np.array([True, True, False])

    def step(self, action):
        self.steps += 1
        if self.steps == self.config.fails_at:
            raise RuntimeError("the lamp is broken")
        if action == 2:
            raise RuntimeError("a masked action")
        self.left -= 1
        reward = float(action == (self.seen[0] > 0))
        return self.look(), reward, self.left == 0, False, {}
'''


@pytest.fixture
def plugin(tmp_path) -> Path:
    file = tmp_path / "guess.py"
    file.write_text(GUESS)
    return file


@pytest.fixture
def server(tmp_path):
    running = LiveServer(tmp_path / "home", **SERVER)
    yield running
    if running.process.poll() is None:
        running.stop()


def command(plugin, *words):
    words = ("--plugin-file", plugin, *words)
    return [sys.executable, "-m", "rlsys.cli.main", *map(str, words)]


def train(plugin, server, out, *words):
    return command(
        plugin, "train", "guess", "--agent", "remote", "--server", server.address, "--out", out,
        "--set", "training.validate_every=0", *words,
    )  # fmt: skip


def is_worker(process):
    return "spawn_main" in " ".join(process.cmdline())


def models(server):
    with ServerStatus(server.address, None, None) as asking:
        return asking.ask()["models"]


def steps(out):
    """Return the last step that a training has reported."""
    file = out / "metrics.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return max((json.loads(line)["step"] for line in lines), default=0)


def test_it_learns_on_the_server_and_leaves_an_ordinary_run(plugin, server, tmp_path):
    run = rlsys.run(
        "guess",
        agent="remote",
        set={"agents.remote.server": server.address, "exports": ["json"]},
        steps=8000,
        episodes=20,
        out=tmp_path / "run",
        plugin_file=plugin,
    )
    (model,) = models(server)
    assert model["name"].startswith("guess-")
    taken = model["steps_learned"] + model["steps_stale"]
    assert taken >= 8000
    assert model["steps_learned"] >= 0.9 * taken
    assert (model["steps_bad"], model["steps_dropped"]) == (0, 0)
    (result,) = (row for row in run.results if row.metric == "reward" and row.kind == "learned")
    assert result.mean > 7.0
    (last,) = (tmp_path / "run").glob("policies/*/seed-0/checkpoints/0-remote/last/network.npz")
    assert Network.load(last).notes["model"] == model["name"]
    assert Network.load(last).masked
    rows = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert {"reward", "episodes", "version"} <= set().union(*rows)
    assert not [child for child in psutil.Process().children() if is_worker(child)]


def test_ctrl_c_and_resume_go_on_with_the_same_model(plugin, server, tmp_path):
    out = tmp_path / "run"
    asked = train(plugin, server, out, "--steps", "12000")
    training = subprocess.Popen(asked)
    until(lambda: steps(out) > 2000)
    training.send_signal(signal.SIGINT)
    assert training.wait(LIMIT) == 130
    (before,) = models(server)
    assert subprocess.run([*asked, "--resume"], check=False, timeout=LIMIT).returncode == 0
    (after,) = models(server)
    assert after["name"] == before["name"]
    assert after["steps_learned"] > before["steps_learned"]
    assert after["steps_learned"] + after["steps_stale"] >= 12000


def test_a_killed_server_is_waited_for(plugin, server, tmp_path):
    out = tmp_path / "run"
    training = subprocess.Popen(train(plugin, server, out, "--steps", "12000"))
    until(lambda: steps(out) > 2000)
    server.kill()
    again = LiveServer(server.home, port=server.port, **SERVER)
    assert training.wait(LIMIT) == 0
    (model,) = models(again)
    assert model["steps_learned"] + model["steps_stale"] >= 12000
    again.stop()


def test_workers_end_with_a_killed_training(plugin, server, tmp_path):
    out = tmp_path / "run"
    training = subprocess.Popen(train(plugin, server, out, "--steps", "1e6"))
    until(lambda: steps(out) > 500)
    children = psutil.Process(training.pid).children(recursive=True)
    assert len(children) >= 2
    training.kill()
    training.wait()
    until(lambda: not any(child.is_running() and child.status() != "zombie" for child in children))


def test_a_killed_worker_is_said(plugin, server, tmp_path):
    out = tmp_path / "run"
    training = subprocess.Popen(
        train(plugin, server, out, "--steps", "1e6"), stderr=subprocess.PIPE, text=True
    )
    until(lambda: steps(out) > 500)
    played = [child for child in psutil.Process(training.pid).children() if is_worker(child)]
    os.kill(played[0].pid, signal.SIGKILL)
    _, said = training.communicate(timeout=LIMIT)
    assert training.returncode == 1
    assert "a process that plays the environment has ended (exit code -9" in said
    assert "Traceback" not in said


def refused(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_the_environments_own_error_is_said_as_elsewhere(plugin, server, tmp_path):
    said = refused(train(plugin, server, tmp_path / "run", "--set", "fails_at=300"))
    assert "the lamp is broken" in said


def test_refusals_are_one_line(plugin, server, tmp_path):
    nowhere = type("Nowhere", (), {"address": "localhost:1"})
    said = refused(train(plugin, nowhere, tmp_path / "a"))
    assert "start a server with `rlsys distributed serve`" in said
    wrong = ("--set", "agents.remote.algorithm_parameters.gamma=7")
    said = refused(train(plugin, server, tmp_path / "b", *wrong))
    assert "gamma" in said
    said = refused(command(plugin, "train", "guess", "--server", "localhost:1", "--quiet"))
    assert "agent 'remote' does not train here" in said


def test_what_the_server_does_not_have_any_more_is_not_resumed(plugin, server, tmp_path):
    out = tmp_path / "run"
    asked = train(plugin, server, out, "--steps", "1e6")
    training = subprocess.Popen(asked)
    until(lambda: steps(out) > 2000)
    training.send_signal(signal.SIGINT)
    assert training.wait(LIMIT) == 130
    server.stop()
    other = LiveServer(tmp_path / "other", port=server.port, **SERVER)
    said = refused([*asked, "--resume"])
    assert "has no model 'guess-" in said
    other.stop()


def test_continuous_actions_reach_the_environment_within_their_bounds(server, tmp_path):
    run = rlsys.train(
        "gymnasium",
        agent="remote",
        set={"agents.remote.server": server.address, "id": "Pendulum-v1"},
        steps=1500,
        out=tmp_path / "run",
    )
    policy = run.policy()
    action = policy(np.array([1.0, 0.0, 0.0], np.float32))
    assert action.shape == (1,)
    (model,) = models(server)
    assert model["steps_bad"] == 0


def test_one_real_system_is_not_played_by_several_processes(tmp_path):
    described = EnvironmentSpec(
        name="boiler", summary="", config="a:B", vector_env="a:C", agent="ppo", costly=True
    )
    problem = Problem(SimpleNamespace(environment=described))
    with pytest.raises(UserError, match="boiler is one real system; choose another agent"):
        make_remote(RemoteSettings()).train(problem, Session(tmp_path, 0, problem))
