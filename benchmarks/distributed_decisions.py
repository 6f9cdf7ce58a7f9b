"""How long a program waits for a decision, while new versions of its model arrive.

    python benchmarks/distributed_decisions.py [--decisions 400000]

A whole decision is: the observation is checked and kept, the network (8 inputs, 2 x 64 tanh, 4
actions) runs, an action is drawn with its log probability, the step is written down, and a
trajectory that is over is handed over. A loop that runs the same network in eager torch takes turns
with it, in the same process. So both share the machine with a server that trains all the time; then
torch runs once more without the server, with the machine to itself.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import nn

from rlsys_distributed.client import Agent

CONFIG = "settings: {ppo: {n_steps: 512, batch_size: 256, n_epochs: 2, activation: tanh}}\n"
STEPS = 200
"""Of an episode, about as many as one of Lunar Lander has."""
TURNS = 50
SEEN = np.random.default_rng(0).normal(size=(1024, 8)).astype(np.float32)


class Client:
    """Decides with the agent, and lets it send what it did."""

    def __init__(self, address: str) -> None:
        self.agent = Agent(
            {
                "client_id": "bench",
                "train_server_address": address,
                "observation_space": {"box": {"shape": [8]}},
                "action_space": {"discrete": {"n": 4}},
                "first_model_timeout": 120,
            }
        )
        self.agent.request_for_action(None, SEEN[0])  # waits for the first model

    def decide(self, taken: np.ndarray) -> None:
        """Fill an array with the nanoseconds of decisions."""
        agent, clock, trajectory = self.agent, time.perf_counter_ns, None
        for number in range(len(taken)):
            observation = SEEN[number % len(SEEN)]
            start = clock()
            trajectory, action = agent.request_for_action(trajectory, observation)
            agent.add_to_trajectory(trajectory, action)
            action.update_reward(1.0)
            if number % STEPS == STEPS - 1:
                agent.mark_end_of_trajectory(trajectory, action)
            taken[number] = clock() - start


class Eager:
    """Decides with torch; an action is drawn with its log probability, and nothing is kept."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.net = nn.Sequential(
            nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 4)
        )

    @torch.no_grad()
    def decide(self, taken: np.ndarray) -> None:
        """Fill an array with the nanoseconds of decisions."""
        net, clock = self.net, time.perf_counter_ns
        for number in range(len(taken)):
            start = clock()
            logits = net(torch.from_numpy(SEEN[number % len(SEEN)]))
            choice = torch.distributions.Categorical(logits=logits)
            action = choice.sample()
            float(choice.log_prob(action)), int(action)
            taken[number] = clock() - start


def measure(address: str, count: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the nanoseconds of the client's and of torch's decisions, and the versions that came.

    Args:
        count: decisions of the client; torch makes a tenth.
    """
    client, eager = Client(address), Eager()
    eager.decide(np.empty(200, np.int64))
    fast, slow = (np.empty((TURNS, count // many // TURNS), np.int64) for many in (1, 10))
    begun = client.agent.version
    for turn in range(TURNS):
        client.decide(fast[turn])
        eager.decide(slow[turn])
    arrived = client.agent.version - begun
    client.agent.close(1.0)
    return fast.ravel(), slow.ravel(), arrived


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decisions", type=int, default=400_000)
    count = parser.parse_args().decisions
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "server.yaml"
        config.write_text(CONFIG, encoding="utf-8")
        server = subprocess.Popen(
            [
                sys.executable, "-m", "rlsys.cli.main", "distributed", "serve", "--port", "0",
                "--config", config, "--out", Path(folder) / "home",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert server.stdout is not None
        address = server.stdout.readline().split()[2].rstrip(",")
        try:
            taken, slow, arrived = measure(address, count)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
    alone = np.empty(slow.size, np.int64)
    Eager().decide(alone)
    print("| decision | p50, us | p99, us | p99.9, us | per second | client: times as many |")
    print("|---|--:|--:|--:|--:|--:|")
    rows = (("client", taken), ("eager torch, in turn", slow), ("eager torch, alone", alone))
    for name, found in rows:
        p50, p99, p999 = np.percentile(found, [50, 99, 99.9]) / 1000
        rate, ratio = 1e9 / found.mean(), found.mean() / taken.mean()
        print(f"| {name} | {p50:.1f} | {p99:.1f} | {p999:.0f} | {rate:,.0f} | {ratio:.1f} |")
    print(f"\n{arrived} versions arrived during {taken.size:,} decisions of the client.")


if __name__ == "__main__":
    main()
