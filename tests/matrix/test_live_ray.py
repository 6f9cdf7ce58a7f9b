"""Learners of the distributed server as tasks of a Ray cluster: `--executor ray`.

Here, and not with either plugin, because neither knows the other.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("rlsys_ray")
pytest.importorskip("ray")
pytest.importorskip("rlsys_distributed")

from patience import wait_until
from program import run_here

from rlsys_distributed.client import Agent
from rlsys_distributed.client.status import ServerStatus

pytestmark = pytest.mark.slow
LIMIT = 600.0
CONFIG = """
settings: {ppo: {n_steps: 256, batch_size: 128, n_epochs: 2, net_arch: [16], gamma: 0.0}}
checkpoint_every: 500
"""


class Server:
    """``rlsys distributed serve --executor ray`` in a process of its own."""

    def __init__(self, folder, port=0, options=""):
        self.home = folder / "home"
        config = folder / "server.yaml"
        config.write_text(CONFIG + options)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rlsys.cli.main", "distributed", "serve", "--executor", "ray",
             "--config", config, "--port", str(port), "--out", self.home],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        line = self.process.stdout.readline()
        self.address = re.match(r"listening on (\S+),", line)[1]

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def learned(self):
        """Return the steps that the model has learned; 0 while there is none."""
        with ServerStatus(self.address, None, None) as asking:
            return sum(model["steps_learned"] for model in asking.ask()["models"])

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(LIMIT) == 0


def play(agent, until):
    """Tell eight steps per episode until something is so."""

    def episode_or_end():
        if until():
            return True
        trajectory = None
        for step in range(8):
            trajectory, action = agent.request_for_action(trajectory, [step / 8, 1.0])
            agent.add_to_trajectory(trajectory, action)
            action.update_reward(float(action.act))
        agent.mark_end_of_trajectory(trajectory, action)
        agent.flush(10.0)
        return False

    wait_until(episode_or_end)


def connect(server):
    return Agent(
        {
            "client_id": "p",
            "train_server_address": server.address,
            "observation_space": {"box": {"shape": [2]}},
            "action_space": {"discrete": {"n": 2}},
            "first_model_timeout": LIMIT,
        }
    )


def test_learners_on_ray_survive_a_kill_and_leave_an_ordinary_run(tmp_path):
    server = Server(tmp_path)
    agent = connect(server)
    play(agent, lambda: server.learned() > 2000)
    before = server.learned()
    server.process.kill()
    server.process.wait()
    server = Server(tmp_path, server.port)
    # Everything acknowledged is in the checkpoint that the cluster has sent home, or the journal.
    play(agent, lambda: server.learned() > before + 1000)
    agent.close(LIMIT)
    assert agent.statistics.acknowledged == agent.statistics.sent
    server.stop()
    rows = [json.loads(line) for line in (server.home / "p/metrics.jsonl").read_text().splitlines()]
    assert max(row["step"] for row in rows) >= 3000
    shown = run_here("evaluate", server.home / "p", "--quiet")
    assert shown.returncode == 0, shown.stderr


def test_a_running_cluster_learns_too(tmp_path, monkeypatch):
    """Its processes have not the server's environment: the work unit brings along what it needs."""
    from ray.cluster_utils import Cluster

    from rlsys_ray.connection import remove

    folder = tempfile.mkdtemp(prefix="rlsys-", dir="/tmp")
    monkeypatch.setenv("RAY_TMPDIR", folder)
    node = {"num_cpus": 1, "include_dashboard": False, "gcs_server_port": 0}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        options = f"executor_options: {{ray_address: '{cluster.address}'}}\n"
        server = Server(tmp_path, options=options)
        agent = connect(server)
        play(agent, lambda: server.learned() > 1000)
        agent.close(LIMIT)
        server.stop()
    finally:
        cluster.shutdown()
        remove(Path(folder))
