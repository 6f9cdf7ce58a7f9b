"""Train two seeds as tasks on a Ray cluster, and check that a local training gives the same.

    python examples/train_on_ray.py            a minute
    python examples/train_on_ray.py --quick    half a minute

Needs `pip install 'rlsys[rtos,ray]'`. It starts a cluster on this machine and stops it afterwards;
to use a running cluster, set RAY_ADDRESS=HOST:PORT. Only the executor differs from local training.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import rlsys


def weights(executor: str, folder: Path, *, quick: bool) -> list[Any]:
    """Train two seeds with an executor and return the arrays of both networks."""
    run = rlsys.train(
        "rtos",
        preset="stressed",
        config={
            "agents": {"maskable-ppo": {"steps": 2048 if quick else 100_000, "n_steps": 32}},
            "training": {"checkpoint_every": 0, "validation_episodes": 1},
        },
        seeds=2,
        jobs=2,
        executor=executor,
        out=folder / executor,
    )
    networks = [run.policy(seed=seed).network for seed in run.seeds]
    return [array for network in networks for array in network.parts()[1].values()]


def main(*, quick: bool) -> None:
    """Train on Ray and locally, and compare every weight."""
    if importlib.util.find_spec("ray") is None:
        print("skipped: Ray is missing; pip install 'rlsys[ray]'")
        return
    with tempfile.TemporaryDirectory() as folder:
        there = weights("ray", Path(folder), quick=quick)
        here = weights("local", Path(folder), quick=quick)
    same = all(np.array_equal(one, two) for one, two in zip(there, here, strict=True))
    print(f"{len(there)} arrays of 2 networks: {'identical' if same else 'DIFFERENT'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="train less")
    main(quick=parser.parse_args().quick)
