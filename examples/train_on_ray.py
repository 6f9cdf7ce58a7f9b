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

from rlsys import Network
from rlsys.config import Document, plan_of
from rlsys.descriptors import resolve
from rlsys.executors.executor import Executor
from rlsys.plugins import PluginManager, Registry
from rlsys.training import NETWORK_FILE
from rlsys.workflow import Workplace, begin, train


def configuration(*, quick: bool) -> dict[str, Any]:
    """Return a configuration of two trainings that differ only in their seeds."""
    return {
        "plugin": "rtos",
        "environment": {"taskset": "stressed"},
        "agents": {"maskable-ppo": {"steps": 2048 if quick else 100_000, "n_steps": 32}},
        "training": {"checkpoint_every": 0, "validation_episodes": 1},
        "seeds": 2,
    }


def weights(work: Workplace, executor_name: str, folder: Path, *, quick: bool) -> list[Any]:
    """Train with an executor and return the arrays of both networks."""
    plan = plan_of(work.registry, Document(configuration(quick=quick)))
    executor: Executor = resolve(work.registry.executors.get(executor_name).factory)(2)
    run = begin(work, plan, folder / executor_name, resume=False)
    with run.writing():
        train(work, plan, run, executor)
    (case,) = plan.trained_cases
    networks = [
        Network.load(run.policy_directory(case.name, seed) / NETWORK_FILE)
        for seed in plan.config.training_seeds()
    ]
    return [array for network in networks for array in network.parts()[1].values()]


def main(*, quick: bool) -> None:
    """Train on Ray and locally, and compare every weight."""
    if importlib.util.find_spec("ray") is None:
        print("skipped: Ray is missing; pip install 'rlsys[ray]'")
        return
    manager = PluginManager()
    work = Workplace(manager, Registry(manager))
    with tempfile.TemporaryDirectory() as folder:
        there = weights(work, "ray", Path(folder), quick=quick)
        here = weights(work, "local", Path(folder), quick=quick)
    same = all(np.array_equal(one, two) for one, two in zip(there, here, strict=True))
    print(f"{len(there)} arrays of 2 networks: {'identical' if same else 'DIFFERENT'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="train less")
    main(quick=parser.parse_args().quick)
