"""How fast the RTOS plugin is, against what a user would write or run instead.

Three tables, every ratio from one run of this script:

1. environment steps a second, masks included: the batched core against a plain Python environment;
2. wall time and held-out return of a training: the preset `normal` against `plain-ppo`;
3. CPU time of `rlsys --help`.

    python benchmarks/rtos_speed.py                 # a quarter of an hour
    python benchmarks/rtos_speed.py --only env help # a minute
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are loaded

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from rlsys.config import Overrides, resolve_plan
from rlsys.controllers import NetworkController
from rlsys.evaluation import summarise
from rlsys.executors.training_unit import SUMMARY_FILE, TrainingUnit, agent_directory, problem_of
from rlsys.network import Network
from rlsys.plugins import PluginManager, PluginOptions, Registry
from rlsys.rollout import play
from rlsys.seeds import evaluation_seeds
from rlsys.training import NETWORK_FILE
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.vector_env import RtosVectorEnv

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins" / "rlsys-rtos" / "tests"))

from plain_env import PlainRtosEnv, PlainTask  # noqa: E402 - beside the tests that it serves too

PARTS = ("env", "training", "help")
STEPS_AIM, TRAINING_AIM, HELP_AIM = 10.0, 8.0, 0.3


def plain_rate(seconds: float) -> float:
    """Return steps a second of the plain environment on `normal`, `basic` observations."""
    (taskset,) = RtosConfig(taskset="normal").taskset
    tasks = [PlainTask(t.period, t.period, t.wcet, t.wcet, 0, 0) for t in taskset.tasks]
    env = PlainRtosEnv(tasks, taskset.episode_length(None))
    env.reset(seed=0)
    steps, begin = 0, time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        for _ in range(100):
            # The first task that is allowed: the same trajectory in every environment.
            *_, over, _, _ = env.step(int(env.action_masks().argmax()))
            if over:
                env.reset()
        steps += 100
    return steps / passed


def batched_rate(seconds: float, copies: int, observation: str) -> float:
    """Return steps a second of the batched core, all copies together."""
    env = RtosVectorEnv(RtosConfig(taskset="normal", observation=observation), copies)
    env.reset(seed=0)
    for _ in range(10):  # compiled code is loaded
        env.step(env.action_masks().argmax(axis=1))
    steps, begin = 0, time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        for _ in range(10):
            env.step(env.action_masks().argmax(axis=1))
        steps += 10 * copies
    return steps / passed


def measure_env(repeats: int, seconds: float) -> dict[str, Any]:
    """Measure every environment in turn, `repeats` times; the ratio is that of each turn."""
    subjects: dict[str, Callable[[float], float]] = {"plain Python, basic": plain_rate}
    for observation in ("basic", "items"):
        for copies in (64, 1024):
            rate = partial(batched_rate, copies=copies, observation=observation)
            subjects[f"batched, {copies} copies, {observation}"] = rate
    for measure in subjects.values():
        measure(seconds / 10)
    turns = [{name: rate(seconds) for name, rate in subjects.items()} for _ in range(repeats)]
    plain = next(iter(subjects))
    rows = []
    for name in subjects:
        ratios = [turn[name] / turn[plain] for turn in turns]
        rows.append(
            {
                "environment": name,
                "steps_per_second": [turn[name] for turn in turns],
                "median_steps_per_second": median(turn[name] for turn in turns),
                "ratio": median(ratios),
                "ratio_low": min(ratios),
                "ratio_high": max(ratios),
            }
        )
    return {"aim": STEPS_AIM, "rows": rows}


def train(preset: str, steps: int, seed: int, directory: Path) -> list[dict[str, Any]]:
    """Train `preset` on the taskset `normal`; return seconds and network after each agent."""
    options = PluginOptions.from_environment((), ())
    registry = Registry(PluginManager(options))
    first = "ppo" if preset == "plain-ppo" else "maskable-ppo"
    overrides = Overrides(
        preset=preset,
        assignments=("taskset=normal", f"agents.{first}.steps={steps}"),
        flags=(("seed", seed),),
    )
    plan = resolve_plan(registry, "rtos", overrides)
    config = plan.config.model_dump(mode="json")
    unit = TrainingUnit(options, config, "normal", seed, directory / preset, resume=False)
    unit.run(lambda _line: None, lambda: False)
    summary = json.loads((unit.directory / SUMMARY_FILE).read_text(encoding="utf-8"))
    make_env = problem_of(plan, "normal").make_env
    rows, seconds, names = [], 0.0, []
    for index, agent in enumerate(summary["agents"]):
        seconds += agent["seconds"]
        names.append(agent["agent"])
        file = agent_directory(unit.directory, index, agent["agent"]) / "best" / NETWORK_FILE
        controller = NetworkController(Network.load(file))
        returns = play(make_env, controller, evaluation_seeds(100))["reward"]
        rows.append(
            {
                "preset": preset,
                "agents": "+".join(names),
                "seconds": seconds,
                "return": summarise(returns).mean,
            }
        )
    return rows


def measure_training(steps: int, seed: int) -> dict[str, Any]:
    """Train both presets, one after the other, in this process."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        train("normal", 8192, seed, directory / "warm-up")  # imports and compiled code
        rows = train("normal", steps, seed, directory) + train("plain-ppo", steps, seed, directory)
    for row in rows:
        row["speed_up"] = rows[-1]["seconds"] / row["seconds"]
    return {"aim": TRAINING_AIM, "steps": steps, "seed": seed, "rows": rows}


def measure_help(repeats: int) -> dict[str, Any]:
    """Measure the CPU seconds of `rlsys --help`, its children included."""
    seconds = []
    for _ in range(repeats + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "rlsys.cli.main", "--help"], check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    seconds = seconds[1:]  # the first writes byte code and fills caches
    return {"aim": HELP_AIM, "cpu_seconds": seconds, "median": median(seconds)}


def markdown(measured: dict[str, Any]) -> str:
    """Return the tables."""
    lines = []
    if "env" in measured:
        lines += [
            f"Environment steps on taskset `normal`, masks included. Target with 64 copies: "
            f"{measured['env']['aim']:g} x.",
            "",
            "| environment | steps/s (median) | ratio (median) | min .. max |",
            "|---|--:|--:|--:|",
        ]
        lines += [
            f"| {row['environment']} | {row['median_steps_per_second']:,.0f} | "
            f"{row['ratio']:.1f} | {row['ratio_low']:.1f} .. {row['ratio_high']:.1f} |"
            for row in measured["env"]["rows"]
        ]
        lines += [
            "",
            "`items` has 21 features per task, with the look-ahead of a best-effort scheduler.",
            "The plain environment computes only the four of `basic`: these are lower bounds.",
        ]
    if "training" in measured:
        part = measured["training"]
        lines += [
            "",
            f"Training on taskset `normal`, {part['steps']:,} steps of PPO, seed {part['seed']}. "
            f"Target for the same number of steps: {part['aim']:g} x.",
            "",
            "| preset | agents | seconds | speed-up | held-out return |",
            "|---|---|--:|--:|--:|",
        ]
        lines += [
            f"| {row['preset']} | {row['agents']} | {row['seconds']:.1f} | {row['speed_up']:.1f} | "
            f"{row['return']:.2f} |"
            for row in part["rows"]
        ]
    if "help" in measured:
        part = measured["help"]
        lines += [
            "",
            f"`rlsys --help`: {part['median']:.3f} s of CPU time (median of "
            f"{len(part['cpu_seconds'])}, {min(part['cpu_seconds']):.3f} .. "
            f"{max(part['cpu_seconds']):.3f}). Target: below {part['aim']:g} s.",
        ]
    return "\n".join(lines).strip()


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="some tables alone")
    parser.add_argument("--steps", type=int, default=500_000, help="of each PPO training")
    parser.add_argument("--seed", type=int, default=0, help="of both trainings")
    parser.add_argument("--repeats", type=int, default=9, help="turns of the environment table")
    parser.add_argument("--seconds", type=float, default=1.0, help="a turn of one environment")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    measured: dict[str, Any] = {}
    if "env" in given.only:
        measured["env"] = measure_env(given.repeats, given.seconds)
    if "training" in given.only:
        measured["training"] = measure_training(given.steps, given.seed)
    if "help" in given.only:
        measured["help"] = measure_help(given.repeats)
    print(json.dumps(measured, indent=2) if given.json else markdown(measured))


if __name__ == "__main__":
    main()
