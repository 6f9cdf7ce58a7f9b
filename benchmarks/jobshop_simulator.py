"""Steps per second with random masked actions on Taillard's ta01 (15x15), beside JSSEnv's.

    python benchmarks/jobshop_simulator.py [--repeats 5] [--copies 64]

    pip install JSSEnv==1.1.0    # to have it in the comparison; without it there is no ratio

All take turns in one run, and medians are printed. Times are CPU seconds of one thread.

- `JSSEnv`: one environment, as its users step it; choosing "no operation" counts as a step too.
- `compiled`: whole random schedules of all copies in one compiled call.
- `batched`: `Simulator.step`, one call of Python per step of all copies.
- `batched, features`: with the features of all candidates in each step.
- `environment`: `JobshopVectorEnv.step` with its masks; finished schedules are validated.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import compiled
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.instances import classic
from rlsys_jobshop.simulator import simulator_of
from rlsys_jobshop.simulator.batch import Batch
from rlsys_jobshop.simulator.candidates import collect
from rlsys_jobshop.simulator.dynamics import begin, commit

NAME = "ta01"
STEPS = 15 * 15


@compiled
def _random_schedules(
    batch: Batch,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    draws: NDArray[np.float64],
) -> int:
    """Complete every copy's schedule; `draws` are uniform, (copies, operations)."""
    steps = 0
    for copy in range(len(batch.copies)):
        begin(batch, copy)
        count = collect(batch, copy, 0, modes, operations)
        while count > 0:
            chosen = int(draws[copy, batch.copies[copy].decided] * count)
            commit(batch, copy, modes[copy, chosen], operations[copy, chosen])
            steps += 1
            count = collect(batch, copy, 0, modes, operations)
    return steps


def in_one_call(copies: int) -> Callable[[], int]:
    """Return what plays whole schedules in one compiled call, and returns the steps."""
    simulator = simulator_of([classic(NAME)] * copies)
    generator = np.random.default_rng(0)

    def play() -> int:
        draws = generator.random((copies, STEPS))
        return _random_schedules(simulator.batch, simulator.modes, simulator.operations, draws)

    return play


def step_by_step(copies: int, *, features: bool) -> Callable[[], int]:
    """Return what plays schedules with one call per step."""
    simulator = simulator_of([classic(NAME)] * copies)
    generator, everyone = np.random.default_rng(0), np.arange(copies)
    seen = simulator.features()

    def play() -> int:
        simulator.restart(everyone)
        steps = 0
        while simulator.count.any():
            if features:
                simulator.features(seen)
            steps += copies
            simulator.step((generator.random(copies) * simulator.count).astype(np.int64))
        return steps

    return play


def environment(copies: int) -> Callable[[], int]:
    """Return what plays as many steps of the environment as a schedule has."""
    env = JobshopVectorEnv(JobshopConfig(instances=(NAME,)), copies)
    generator = np.random.default_rng(0)
    env.reset(seed=0)

    def play() -> int:
        for _ in range(STEPS):
            allowed = env.action_masks().sum(axis=1)
            env.step((generator.random(copies) * allowed).astype(np.int64))
        return STEPS * copies

    return play


def jssenv() -> Callable[[], int]:
    """Return what plays one schedule of JSSEnv."""
    from pathlib import Path

    import JSSEnv
    from JSSEnv.envs.jss_env import JssEnv

    file = Path(JSSEnv.__file__).parent / "envs" / "instances" / NAME
    env: Any = JssEnv({"instance_path": str(file)})
    generator = np.random.default_rng(0)

    def play() -> int:
        seen = env.reset()  # it returns no info
        steps, done = 0, False
        while not done:
            action = int(generator.choice(np.flatnonzero(seen["action_mask"])))
            seen, _, done, *_ = env.step(action)
            steps += 1
        return steps

    return play


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--copies", type=int, default=64)
    options = parser.parse_args()
    players: dict[str, Callable[[], int]] = {}
    if find_spec("JSSEnv") is not None:
        players["JSSEnv"] = jssenv()
    players["compiled"] = in_one_call(options.copies)
    players["batched"] = step_by_step(options.copies, features=False)
    players["batched, features"] = step_by_step(options.copies, features=True)
    players["environment"] = environment(options.copies)
    for play in players.values():
        play()  # compiled code is loaded
    rates: dict[str, list[float]] = {name: [] for name in players}
    for _ in range(options.repeats):
        for name, play in players.items():
            begun, steps = time.process_time(), 0
            while time.process_time() - begun < 0.2:
                steps += play()
            rates[name].append(steps / (time.process_time() - begun))
    print("| what | steps/s | times JSSEnv |")
    print("|---|--:|--:|")
    for name, found in rates.items():
        ratio = ""
        if "JSSEnv" in rates:
            pairs = zip(found, rates["JSSEnv"], strict=True)
            ratio = f"{median(own / other for own, other in pairs):,.0f}"
        print(f"| {name} | {median(found):,.0f} | {ratio} |")


if __name__ == "__main__":
    main()
