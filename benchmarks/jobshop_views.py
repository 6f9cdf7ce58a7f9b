"""What each view of a job shop costs: time and bytes per step, all in one run.

    python benchmarks/jobshop_views.py [--repeats 20]

A step is one decision in one copy of the environment, chosen at random, masks included. Episodes
begin before the clock starts and do not end while it runs: what an instance costs to draw and a
schedule to validate is the same in each view. `view alone` is the part of a step in which the
observation is made. Times are CPU seconds of one thread. The views take turns; the ratio is that of
each turn to the view `candidates`, and medians are printed.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded

import argparse
import time
from statistics import median
from typing import Any, NamedTuple, get_args

import numpy as np

from rlsys_jobshop.env.config import JobshopConfig, View
from rlsys_jobshop.env.vector_env import JobshopVectorEnv

VIEWS: tuple[View, ...] = get_args(View)
SHOPS: dict[str, dict[str, Any]] = {
    "15x15": {"random": {"jobs": [15, 15], "machines": [15, 15]}},
    "factory `full`": {
        "random": {"kind": "factory", "size": "full"},
        "objective": "weighted-tardiness",
    },
}
COPIES = {"15x15": 64, "factory `full`": 8}
STEPS = 200
"""Per episode; a schedule of 15x15 has 225."""


class Times(NamedTuple):
    """CPU seconds per step of one copy: whole steps, and the view alone."""

    step: float
    view: float


def play(env: JobshopVectorEnv) -> Times:
    """Play the first steps of an episode; all copies have the same instance."""
    generator = np.random.default_rng(0)
    env.reset(seed=[0] * env.num_envs)
    step = view = 0.0
    for _ in range(STEPS):
        begun = time.process_time()
        env.step(generator.integers(env.action_masks().sum(axis=1)))
        stepped = time.process_time()
        env.view.look()
        env.view.observe()
        step += stepped - begun
        view += time.process_time() - stepped
    return Times(step / STEPS / env.num_envs, view / STEPS / env.num_envs)


def compare(name: str, shop: dict[str, Any], copies: int, repeats: int) -> None:
    """Print one line per view."""
    envs = {view: JobshopVectorEnv(JobshopConfig(**shop, view=view), copies) for view in VIEWS}
    for env in envs.values():
        play(env)  # compiled code is loaded
    turns = [{view: play(env) for view, env in envs.items()} for _ in range(repeats)]
    sizes = {view: env.reset(seed=0)[0][0].nbytes for view, env in envs.items()}
    for view in VIEWS:
        rate = median(1.0 / turn[view].step for turn in turns)
        ratio = median(turn["candidates"].step / turn[view].step for turn in turns)
        alone = median(turn[view].view for turn in turns)
        share = median(turn[view].view / turn["candidates"].view for turn in turns)
        size = sizes[view] / sizes["candidates"]
        print(
            f"| {name} | `{view}` | {rate:,.0f} | {ratio:.2f} | {1e6 * alone:.2f} | {share:.2f} | "
            f"{sizes[view]:,} | {size:.2f} |",
            flush=True,
        )


def main() -> None:
    """Compare the views in both shops."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    print("| shop | view | steps/s | ratio | view alone, µs | ratio | bytes | ratio |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for name, shop in SHOPS.items():
        compare(name, shop, COPIES[name], options.repeats)


if __name__ == "__main__":
    main()
