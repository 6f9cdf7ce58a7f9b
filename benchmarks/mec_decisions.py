"""How long the trained policy of a run takes to decide one slot.

    python benchmarks/mec_decisions.py docs/measured/mec-contended

The time covers everything from the state to the decisions: the observations of each role (including
summary and tentative plan) and the networks, for all half-steps of a slot, in NumPy, on one thread.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded

import argparse
import time
from pathlib import Path

import numpy as np
import yaml

from rlsys.policies import controller_of, load_policy
from rlsys_mec.config import MecConfig
from rlsys_mec.vector_env import MecVectorEnv


def decision_times(config: MecConfig, policy: Path, slots: int) -> np.ndarray:
    """Return the seconds that the decisions of each of `slots` slots take."""
    env = MecVectorEnv(config, 1)
    env.reset(seed=0)
    controller = controller_of(load_policy(policy))
    controller.reset(env)
    seconds = np.zeros(slots)
    for slot in range(slots):
        for _ in env.roles:
            begin = time.perf_counter()
            actions = controller.act(env, env.observations())
            seconds[slot] += time.perf_counter() - begin
            env.step(actions)
    return seconds


def main() -> None:
    """Print median and 99th percentile for every case and training of a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("run", type=Path)
    parser.add_argument("--slots", type=int, default=2000)
    options = parser.parse_args()
    written = yaml.safe_load((options.run / "config.yaml").read_text(encoding="utf-8"))
    config = MecConfig(**written["environment"])
    for policy in sorted((options.run / "policies").glob("*/seed-*/network.npz")):
        times = 1e3 * decision_times(config, policy, options.slots)[100:]
        name = policy.parent.relative_to(options.run / "policies")
        median, most = np.quantile(times, (0.5, 0.99))
        print(f"{name}: median {median:.2f} ms, 99 % below {most:.2f} ms")


if __name__ == "__main__":
    main()
