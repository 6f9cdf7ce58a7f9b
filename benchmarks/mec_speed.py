"""How fast the MEC plugin is, compared with the same dynamics with one dictionary per agent.

A step is a slot of one copy with all its half-steps. Random actions are drawn beforehand. Times are
CPU seconds of one thread. The plain environment is in `plugins/rlsys-mec/tests/plain_mec.py`; a
test there checks that the two agree to 1e-9. Every ratio is from one run of this script.

    python benchmarks/mec_speed.py            # a minute
    python benchmarks/mec_speed.py --json
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from rlsys_mec.clusters import cluster_users
from rlsys_mec.config import MecConfig
from rlsys_mec.randomness import stream_states
from rlsys_mec.vector_env import MecVectorEnv

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins" / "rlsys-mec" / "tests"))

from plain_mec import PlainMec, PlainStream  # noqa: E402 - beside the tests that it serves too

COPIES = 64
STEPS_AIM, RATIO_AIM = 20_000, 30.0
PHASE_2 = {
    "deadline_s": (2.0, 4.0), "bandwidth_mhz": 20.0, "transmit_w": 0.23, "spectrum_floor": 0.01,
    "weight_energy": 1e-7,
}  # fmt: skip
SYSTEMS = {
    "flat, 5 users": MecConfig(),
    "flat, 100 users": MecConfig(n_users=100),
    "hierarchical, 100 users, 5 clusters": MecConfig(n_users=100, n_clusters=5, **PHASE_2),
    "hierarchical, 100 users, 10 clusters": MecConfig(n_users=100, n_clusters=10, **PHASE_2),
}
AIMED_AT = "flat, 100 users"


def batched_rate(config: MecConfig, seconds: float) -> float:
    """Return slots per second of the batched environment, all copies together."""
    env = MecVectorEnv(config, COPIES)
    env.reset(seed=0)
    random = np.random.default_rng(0)
    actions = [
        [
            random.uniform(-5, 5, (COPIES, role.agents, *(role.action_space.shape or ())))
            for role in env.roles
        ]
        for _ in range(8)
    ]
    slots, begin = 0, time.process_time()
    # Whole episodes, so that resets count too.
    while (passed := time.process_time() - begin) < seconds or slots % config.slots:
        for chosen in actions[slots % 8]:
            env.step(chosen)
        slots += 1
    return COPIES * slots / passed


def plain_rate(config: MecConfig, seconds: float) -> float:
    """Return slots per second of the plain environment."""
    roles = MecVectorEnv(config, 1).roles

    def clusters(distances: list[float], clocks: list[float]) -> Any:
        return cluster_users(config, np.array(distances), np.array(clocks))

    env = PlainMec(config, PlainStream(stream_states([0])[0]), clusters)
    env.reset()
    random = np.random.default_rng(0)
    actions = []
    for _ in range(8):
        slot = []
        for role in roles:
            drawn = random.uniform(-5, 5, (role.agents, *(role.action_space.shape or ())))
            slot.append({f"{role.name}_{i}": row for i, row in enumerate(drawn.tolist())})
        actions.append(slot)
    slots, begin = 0, time.process_time()
    while (passed := time.process_time() - begin) < seconds:
        for chosen in actions[slots % 8]:
            _, _, ended, _ = env.step(chosen)
        slots += 1
        if ended:
            env.reset()
    return slots / passed


def measure(repeats: int, seconds: float) -> dict[str, Any]:
    """Measure both environments in turn, `repeats` times, with one ratio per turn."""
    rows = []
    for name, config in SYSTEMS.items():
        batched_rate(config, 0.0)  # imports
        turns = [
            (batched_rate(config, seconds), plain_rate(config, seconds)) for _ in range(repeats)
        ]
        ratios = [batched / plain for batched, plain in turns]
        rows.append(
            {
                "system": name,
                "batched": median(batched for batched, _ in turns),
                "plain": median(plain for _, plain in turns),
                "ratio": median(ratios),
                "ratio_low": min(ratios),
                "ratio_high": max(ratios),
            }
        )
    return {"copies": COPIES, "steps_aim": STEPS_AIM, "ratio_aim": RATIO_AIM, "rows": rows}


def markdown(measured: dict[str, Any]) -> str:
    """Return the table."""
    lines = [
        f"Slots per second of CPU time, one thread, {measured['copies']} copies; aim for "
        f"`{AIMED_AT}`: {measured['steps_aim']:,} slots/s and {measured['ratio_aim']:g} x.",
        "",
        "| system | batched (median) | plain (median) | ratio (median) | min .. max |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['system']} | {row['batched']:,.0f} | {row['plain']:,.0f} | {row['ratio']:.0f} | "
        f"{row['ratio_low']:.0f} .. {row['ratio_high']:.0f} |"
        for row in measured["rows"]
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure and print; 0 if the aims are reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="per measurement")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    measured = measure(options.repeats, options.seconds)
    print(json.dumps(measured, indent=2) if options.json else markdown(measured))
    (row,) = (row for row in measured["rows"] if row["system"] == AIMED_AT)
    return 0 if row["batched"] >= STEPS_AIM and row["ratio"] >= RATIO_AIM else 1


if __name__ == "__main__":
    sys.exit(main())
