"""Programs learn from a server, which is killed meanwhile; what they learned is an ordinary run."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import psutil
import pytest
from live_server import LIMIT, LiveServer, SignProgram, until

import rlsys
from rlsys_distributed.client.status import ServerStatus

pytestmark = pytest.mark.slow
PPO = {"n_steps": 256, "batch_size": 64, "net_arch": [16], "learning_rate": 3e-3, "gamma": 0.0}
DQN = {
    "learning_starts": 200, "exploration_steps": 2000, "publish_every": 200, "net_arch": [16],
    "learning_rate": 3e-3, "gamma": 0.0, "batch_size": 64, "target_update_interval": 200,
}  # fmt: skip


def status(server, model):
    with ServerStatus(server.address, None, None) as asking:
        (found,) = (m for m in asking.ask()["models"] if m["name"] == model)
    return found


def rlsys_command(*words, code=0):
    """Run ``rlsys``; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "rlsys.cli.main", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr if code else done.stdout


def test_two_programs_learn_survive_a_kill_and_leave_ordinary_runs(tmp_path):
    settings = {
        "settings": {"ppo": PPO, "dqn": DQN},
        "checkpoint_every": 500,
        "backlog": {"steps": 400},  # or the learner's last episodes would be long ago
    }
    home = tmp_path / "home"
    server = LiveServer(home, **settings)
    programs = [
        SignProgram(server.address, "first", algorithm_name="PPO"),
        SignProgram(server.address, "second", algorithm_name="DQN"),
    ]
    try:
        assert programs[0].learns(6.0)
        before = {name: status(server, name) for name in ("first", "second")}
        server.kill()
        played = [len(program.returns) for program in programs]
        server = LiveServer(home, port=server.port, **settings)
        assert programs[0].learns(7.4)
        assert programs[1].learns(7.0)
        # They went on while there was no server, and the server knows what it had acknowledged.
        for program, count in zip(programs, played, strict=True):
            assert len(program.returns) > count
        for name, earlier in before.items():
            now = status(server, name)
            assert now["steps_learned"] >= earlier["steps_learned"] * 0.5
            assert now["version"] > earlier["version"]
            assert now["state"] == "learning"
    finally:
        for program in programs:
            program.stop()
    for program in programs:
        program.agent.close(LIMIT)
        statistics = program.agent.statistics
        assert statistics.acknowledged == statistics.sent
        assert statistics.refused.keys() <= {"stale"}
    server.stop()
    for name, agent in (("first", "distributed-ppo"), ("second", "distributed-dqn")):
        run = home / name
        assert json.loads((run / "manifest.json").read_text())["status"] == "complete"
        (network,) = run.glob("policies/*/seed-0/network.npz")
        values = np.linspace(-0.9, 0.9, 10)
        right = rlsys.Network.load(network).act(np.stack([values, np.full(10, 0.5)], axis=1))
        assert right.tolist() == (values > 0).astype(int).tolist()
        document = json.loads(rlsys_command("evaluate", run, "--json"))
        (row,) = (r for r in document["results"] if r["metric"] == "reward")
        assert row["controller"] == agent
        assert row["mean"] > 6
        assert "same-actions: holds" in rlsys_command("export", run, "--to", "json")
        lines = (run / "metrics.jsonl").read_text().splitlines()
        assert any("reward" in json.loads(line) for line in lines)


def test_a_server_goes_on_from_where_it_was_stopped(tmp_path):
    settings = {"settings": {"ppo": PPO}, "checkpoint_every": 500}
    home = tmp_path / "home"
    server = LiveServer(home, **settings)
    program = SignProgram(server.address, "p")
    try:
        assert program.learns(7.0)
        server.stop()
        server = LiveServer(home, port=server.port, **settings)
        learned = status(server, "p")["steps_learned"]
        assert learned > 0
        count = len(program.returns)
        until(lambda: len(program.returns) >= count + 200)
        assert program.mean() >= 6.5  # it did not begin anew
    finally:
        program.stop()
    program.agent.close(LIMIT)
    server.stop()


def test_a_killed_learner_is_started_again_and_goes_on(tmp_path):
    server = LiveServer(tmp_path / "home", settings={"ppo": PPO}, checkpoint_every=500)
    program = SignProgram(server.address, "p")
    try:
        assert program.learns(6.0)
        (learner,) = psutil.Process(server.process.pid).children()
        learner.kill()
        learned = status(server, "p")["steps_learned"]
        until(lambda: status(server, "p")["steps_learned"] > learned + 1000)
        (another,) = psutil.Process(server.process.pid).children()
        assert another.pid != learner.pid
        assert program.mean() > 5.5
    finally:
        program.stop()
    program.agent.close(LIMIT)
    server.stop()


def test_other_settings_than_those_of_the_directory_are_an_error(tmp_path):
    home = tmp_path / "home"
    server = LiveServer(home, settings={"ppo": PPO})
    program = SignProgram(server.address, "p")
    assert program.agent._link is not None
    assert program.agent._link.wait_for_model(LIMIT)
    program.stop()
    program.agent.close(LIMIT)
    server.stop()
    (tmp_path / "other.yaml").write_text("settings: {ppo: {n_steps: 512}}\n")
    said = rlsys_command(
        "distributed", "serve", "--config", tmp_path / "other.yaml", "--out", home, code=1
    )
    assert "model 'p' in" in said
    assert "was made with n_steps = 256, not 512" in said
