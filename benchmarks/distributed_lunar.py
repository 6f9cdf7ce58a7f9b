"""How fast Lunar Lander runs while a server learns from it, and how many of its steps it consumes.

    python benchmarks/distributed_lunar.py [--steps 200000] [--runs 3]

One program plays Gymnasium's LunarLander-v3 (`pip install 'gymnasium[box2d]'`), as
examples/lunar_lander.py does; the server runs beside it with the example's settings. The time
counts from the first step after the first model. Program, front and learner share this machine. At
the end the environment runs alone, with random actions.
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

import gymnasium

from rlsys_distributed.client import Agent, play
from rlsys_distributed.client.status import ServerStatus

CONFIG = Path(__file__).parents[1] / "examples" / "lunar_lander.yaml"
_EPISODES = 20
"""Between two looks at the number of steps."""


def measure(address: str, steps: int) -> tuple[float, float, float]:
    """Return steps per second, the share that was learned from, and the last episodes' return."""
    env = gymnasium.make("LunarLander-v3")
    config = {"client_id": "lander", "train_server_address": address, "first_model_timeout": 120}
    with Agent(
        config, observation_space=env.observation_space, action_space=env.action_space
    ) as agent:
        play(agent, env, episodes=1, seed=0)
        agent.flush()
        before, begun, returns = _counted(address), time.perf_counter(), []
        while _counted(address)["received"] - before["received"] < steps:
            returns += play(agent, env, episodes=_EPISODES)
        agent.flush()
        seconds = time.perf_counter() - begun
        after = _counted(address)
        sent = after["received"] - before["received"]
        # What is being learned or waits for the next update is neither learned nor lost.
        lost = after["lost"] - before["lost"] + agent.statistics.dropped + agent.statistics.stale
    return sent / seconds, 1 - lost / sent, sum(returns[-100:]) / len(returns[-100:])


def alone(steps: int) -> float:
    """Return the steps per second of the environment with random actions, and nothing else."""
    env = gymnasium.make("LunarLander-v3")
    env.reset(seed=0)
    begun = time.perf_counter()
    for _ in range(steps):
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
    return steps / (time.perf_counter() - begun)


def _counted(address: str) -> dict[str, int]:
    with ServerStatus(address, None, None) as asking:
        (model,) = asking.ask()["models"]
    lost = sum(model[f"steps_{name}"] for name in ("stale", "dropped", "bad"))
    return {"received": model["steps_received"], "lost": lost}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print("| run | steps per second | consumed | return of the last 100 episodes |")
    print("|--:|--:|--:|--:|")
    for run in range(1, options.runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            server = subprocess.Popen(
                [
                    sys.executable, "-m", "rlsys.cli.main", "distributed", "serve", "--port", "0",
                    "--config", CONFIG, "--out", Path(folder) / "home",
                ],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )  # fmt: skip
            assert server.stdout is not None
            address = server.stdout.readline().split()[2].rstrip(",")
            try:
                rate, consumed, earned = measure(address, options.steps)
            finally:
                server.send_signal(signal.SIGINT)
                server.wait()
        print(f"| {run} | {rate:,.0f} | {consumed:.2%} | {earned:.1f} |", flush=True)
    print(f"\nThe environment alone makes {alone(50_000):,.0f} steps per second.")


if __name__ == "__main__":
    main()
