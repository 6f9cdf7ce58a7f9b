"""Train a policy and export it as fixed-point Rust that decides exactly like integer Python.

    python examples/export_to_rust.py --out policy-crate    compiles and tests the crate with cargo
    python examples/export_to_rust.py --quick               seconds: nothing is compiled

Needs `pip install 'rlsys[rtos]'`. The first form also needs cargo, and says so if it is missing.
The crate's tests run the golden vectors: observations with their logits as computed by integer
arithmetic in Python. Rust must compute the same integers, bit for bit.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import rlsys

# After so short a training logits lie close together, so rounding decides more often.
LAX = {"least_equal_actions": 0.5, "most_reward_difference": 1.0}
QUICK = {"observations": 1000, "episodes": 1, "golden_vectors": 200, **LAX}
FULL = {"observations": 100_000, "golden_vectors": 10_000, "build": True, "optional": True}


def configuration(*, quick: bool) -> dict[str, Any]:
    """Return the configuration: a short training."""
    return {
        "environment": {"taskset": "stressed"},
        "agents": {
            "maskable-ppo": {"steps": 4096 if quick else 200_000, "n_steps": 64, "net_arch": [32]}
        },
        "training": {"checkpoint_every": 0},
    }


def main(*, quick: bool, out: Path | None) -> None:
    """Train, export, and print the result of every check."""
    with tempfile.TemporaryDirectory() as folder:
        run = rlsys.train("rtos", config=configuration(quick=quick), out=Path(folder) / "run")
        report = run.export("rust-q10", set=QUICK if quick else FULL, out=out)
        (case,) = run.cases
    if out is not None:
        print(f"the crate is in {out / 'rust-q10' / case}")
    for verdict in report.verdicts:
        print(f"{verdict.name}: {'holds' if verdict.holds else 'DOES NOT HOLD'}")
    for note in report.notes:
        print(note)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="train and check less, without cargo")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the crate here")
    arguments = parser.parse_args()
    main(quick=arguments.quick, out=arguments.out)
