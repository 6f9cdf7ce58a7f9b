"""CPU time per slot of training: our trainers and RLlib's PPO on the same system.

Every agent trains twice, with fewer and with more slots. The difference of the CPU times divided by
the difference of the slots excludes the cost of starting. CPU time is that of the training process
with its threads. It includes RLlib's runner and learner (`num_env_runners: 0`), but not Ray's own
services. Networks, discount, slots between two updates and passes over them are the same for all.
All agents are measured in turn, several times, with one ratio per turn.

    python benchmarks/mec_trainers.py         # ten minutes
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded

import argparse
import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from rlsys.descriptors import resolve
from rlsys.plugins import PluginManager, Registry
from rlsys.training import Problem, Session
from rlsys_mec.config import MecConfig
from rlsys_mec.vector_env import MecVectorEnv

SYSTEMS = {
    "flat, 5 users": MecConfig(slots=20),
    "hierarchical, 100 users, 5 clusters": MecConfig(n_users=100, n_clusters=5, slots=20),
}
ROLLOUTS = {"flat, 5 users": 2048, "hierarchical, 100 users, 5 clusters": 256}
"""Slots between two updates."""
COPIES, NET = 64, (64, 64)
COMMON = {"gamma": 0.0, "net_arch": NET, "n_epochs": 5}
AGENTS = ("sb3-shared", "mappo", "rllib-ppo")


def settings_of(agent: str, system: str, slots: int) -> dict[str, Any]:
    """Return the settings with which `agent` trains for about `slots` slots."""
    rollout = ROLLOUTS[system]
    if agent != "rllib-ppo":
        return {
            **COMMON, "critic_arch": NET, "num_envs": COPIES, "n_steps": rollout // COPIES,
            "minibatches": 8, "steps": slots,
        }  # fmt: skip
    roles = MecVectorEnv(SYSTEMS[system], 1).roles
    # RLlib counts half-steps; eight gradient steps per pass, like ours, over all agents' decisions.
    decisions = rollout * sum(role.agents for role in roles)
    return {
        **COMMON, "steps": slots * len(roles), "train_batch_size": rollout * len(roles),
        "batch_size": min(decisions // 8, rollout * len(roles)), "num_envs": COPIES,
    }  # fmt: skip


def train(system: str, agent: str, slots: int) -> float:
    """Train in this process and return the CPU seconds."""
    config = SYSTEMS[system]
    spec = Registry(PluginManager()).agents.get(agent)
    made = resolve(spec.factory)(resolve(spec.config)(**settings_of(agent, system, slots)))
    problem = Problem(partial(MecVectorEnv, config))
    with tempfile.TemporaryDirectory() as folder:
        begin = time.process_time()
        made.train(problem, Session(Path(folder), 0, problem))
        return time.process_time() - begin


def cost(system: str, agent: str, rollouts: tuple[int, int]) -> float:
    """Return the CPU seconds per slot, from two trainings in fresh processes."""
    seconds = []
    for count in rollouts:
        command = [sys.executable, __file__, "--one", system, agent, str(count * ROLLOUTS[system])]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds.append(float(done.stdout.splitlines()[-1]))
    return (seconds[1] - seconds[0]) / ((rollouts[1] - rollouts[0]) * ROLLOUTS[system])


def measure(repeats: int) -> list[dict[str, Any]]:
    """Measure all agents in turn on all systems."""
    rows = []
    for system in SYSTEMS:
        turns = [
            {agent: cost(system, agent, (1, 2 if agent == "rllib-ppo" else 5)) for agent in AGENTS}
            for _ in range(repeats)
        ]
        for agent in AGENTS:
            ratios = [turn["rllib-ppo"] / turn[agent] for turn in turns]
            rows.append(
                {
                    "system": system,
                    "agent": agent,
                    "slots_per_cpu_second": median(1.0 / turn[agent] for turn in turns),
                    "ratio": median(ratios),
                    "ratio_low": min(ratios),
                    "ratio_high": max(ratios),
                }
            )
    return rows


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table."""
    lines = [
        "| system | agent | slots a CPU second (median) | against `rllib-ppo` | min .. max |",
        "|---|---|--:|--:|--:|",
    ]
    lines += [
        f"| {row['system']} | `{row['agent']}` | {row['slots_per_cpu_second']:,.0f} | "
        f"{row['ratio']:.1f} x | {row['ratio_low']:.1f} .. {row['ratio_high']:.1f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print, or train once for `cost`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        system, agent, slots = options.one
        print(train(system, agent, int(slots)))
        return
    rows = measure(options.repeats)
    print(json.dumps(rows, indent=2) if options.json else markdown(rows))


if __name__ == "__main__":
    main()
