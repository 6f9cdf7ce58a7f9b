"""Learn to schedule your own tasks on an overloaded processor; compare with EDF and the optimum.

    python examples/schedule_tasks.py            a minute or two
    python examples/schedule_tasks.py --quick    seconds, a tenth of the training

Needs `pip install 'rlsys[rtos]'`. The whole configuration is a dictionary here, with the same keys
as in a preset or in a file for `rlsys run rtos --config FILE`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import rlsys

# Times in ticks. The load is 3/6 + 3/9 + 6/18 + 2/12 = 1.33: no scheduler can meet every deadline,
# and the question is which jobs to give up.
TASKSET = {
    "name": "overloaded",
    "tasks": [
        {"name": "control", "period": 6, "wcet": 3},
        {"name": "sensor", "period": 9, "wcet": 3},
        {"name": "vision", "period": 18, "wcet": 6},
        {"name": "logging", "period": 12, "wcet": 2},
    ],
}


def configuration(*, quick: bool) -> dict[str, Any]:
    """Return the configuration of a run; everything else has its default."""
    return {
        "environment": {"taskset": TASKSET},
        "agents": {
            # Rollouts of one hyperperiod, 36 ticks.
            "maskable-ppo": {
                "steps": 20_000 if quick else 200_000,
                "num_envs": 16,
                "n_steps": 36,
                "batch_size": 144,
            },
        },
        "training": {"checkpoint_every": 0},
        "evaluation": {"episodes": 1, "baselines": ["rate-monotonic", "edf"]},
        "exports": [],
    }


def main(*, quick: bool) -> None:
    """Train, evaluate, and print how every scheduler does on the taskset."""
    with tempfile.TemporaryDirectory() as folder:
        run = rlsys.run("rtos", config=configuration(quick=quick), out=Path(folder) / "run")
        results = run.results
    rewards = [row for row in results if row.metric == "reward"]
    misses = {row.controller: row.mean for row in results if row.metric == "misses"}
    for row in sorted(rewards, key=lambda row: -row.mean):
        name = row.controller
        print(f"{name:15} {row.kind:8} reward {row.mean:8.1f}  misses {misses[name]:.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    main(quick=parser.parse_args().quick)
