"""One policy, shared by five users, decides who offloads to a contended edge server.

    python examples/offload_tasks.py            a few minutes
    python examples/offload_tasks.py --quick    seconds, which is too short to learn well

Needs `pip install 'rlsys[mec]'`. It starts from a preset of the plugin and changes a few settings,
like `rlsys run mec --preset contended --set KEY=VALUE`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import rlsys

BASELINES = ["local-only", "selfish-edf", "greedy-edf"]
QUICK = {
    "agents.sb3-shared.num_envs": 64,
    "agents.sb3-shared.minibatches": 2,
    "training.validation_episodes": 4,
}


def main(*, quick: bool) -> None:
    """Train the shared policy and print what it and the rules earn in the same episodes."""
    settings: dict[str, Any] = {"evaluation.baselines": BASELINES, **(QUICK if quick else {})}
    with tempfile.TemporaryDirectory() as folder:
        run = rlsys.run(
            "mec",
            preset="contended",
            set=settings,
            steps=4096 if quick else 400_000,
            episodes=8 if quick else 100,
            no_oracle=True,  # the reference search takes long
            out=Path(folder) / "run",
        )
        results, verdicts = run.results, run.verdicts
    for row in results:
        if row.metric in ("reward", "hit_rate"):
            interval = f"[{row.low:.3f}, {row.high:.3f}]"
            print(f"{row.controller:12} {row.metric:8} {row.mean:8.3f} {interval}")
    for verdict in verdicts:
        print(f"{verdict.name}: {'yes' if verdict.holds else 'not shown'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    main(quick=parser.parse_args().quick)
