"""How long a program waits for a decision, while new versions of its model arrive.

    python benchmarks/distributed_decisions.py [--decisions 200000]

A whole decision is: the observation is checked and kept, the network (8 inputs, 2 x 64 tanh, 4
actions) runs, an action is drawn with its log probability, and the step is written down. Beside it,
in the same run, a loop that runs the same network in eager torch. All of it shares the machine with
a server that trains.
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


def decisions(address: str, count: int) -> tuple[np.ndarray, int]:
    """Return the nanoseconds of every decision, and how many versions arrived meanwhile."""
    agent = Agent(
        {
            "client_id": "bench",
            "train_server_address": address,
            "observation_space": {"box": {"shape": [8]}},
            "action_space": {"discrete": {"n": 4}},
            "first_model_timeout": 120,
        }
    )
    drawn = np.random.default_rng(0)
    seen = drawn.normal(size=(1024, 8)).astype(np.float32)
    agent.request_for_action(None, seen[0])  # waits for the first model
    begun = agent.version
    taken = np.empty(count, np.int64)
    clock = time.perf_counter_ns
    trajectory = None
    for number in range(count):
        observation = seen[number % 1024]
        start = clock()
        trajectory, action = agent.request_for_action(trajectory, observation)
        agent.add_to_trajectory(trajectory, action)
        action.update_reward(1.0)
        taken[number] = clock() - start
        if number % STEPS == STEPS - 1:
            agent.mark_end_of_trajectory(trajectory, action)
    arrived = agent.version - begun
    agent.close(1.0)
    return taken, arrived


def eager(count: int) -> np.ndarray:
    """Return the nanoseconds of every decision by torch, drawn with its log probability."""
    torch.set_num_threads(1)
    net = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 4))
    seen = np.random.default_rng(0).normal(size=(1024, 8)).astype(np.float32)
    taken = np.empty(count, np.int64)
    clock = time.perf_counter_ns
    with torch.no_grad():
        for number in range(count):
            start = clock()
            logits = net(torch.from_numpy(seen[number % 1024]))
            choice = torch.distributions.Categorical(logits=logits)
            action = choice.sample()
            float(choice.log_prob(action)), int(action)
            taken[number] = clock() - start
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decisions", type=int, default=200_000)
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
            taken, arrived = decisions(address, count)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
    slow = eager(max(2000, count // 20))
    print("| decision | p50, us | p99, us | p99.9, us | per second |")
    print("|---|--:|--:|--:|--:|")
    for name, found in (("client", taken), ("eager torch", slow)):
        p50, p99, p999 = np.percentile(found, [50, 99, 99.9]) / 1000
        print(f"| {name} | {p50:.1f} | {p99:.1f} | {p999:.0f} | {1e9 / found.mean():,.0f} |")
    print(f"\n{arrived} versions arrived during {count:,} decisions.")
    print(f"The client makes {slow.mean() / taken.mean():.1f} times as many per second.")


if __name__ == "__main__":
    main()
