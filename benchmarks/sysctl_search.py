"""How close searchers come to the best configuration of a built-in benchmark, on this machine.

    python benchmarks/sysctl_search.py net-churn runs/churn    # as root; hours, resumable

For each seed, every agent tunes with the same budget. A search of `--reference` evaluations, or an
exhaustive one (`--reference grid`), shows the possible gain. Then all configurations found and the
default are measured again, in rounds of one run each in random order. So the searches' own
estimates, and luck in their confirmations, do not count. Finished tunings are not repeated. With
`--no-comparison`, several processes may work on one folder (each with its own RLSYS_SYSCTL_STATE);
a final run without it does the comparison.
"""

from __future__ import annotations

import argparse
import json
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from rlsys.config import validate
from rlsys_sysctl import Tuned, optimize
from rlsys_sysctl.config import SysctlConfig
from rlsys_sysctl.measuring.meter import FULL
from rlsys_sysctl.measuring.stage import Stage

AGENTS = ("optuna", "random", "ppo")
PRESETS = files("rlsys_sysctl") / "presets"
RUNS_OF_A_STEP = 5
"""A step of PPO: three repeats between two runs of the default."""
FIRST_SEED = 1 << 24
"""First seed of the comparison's runs, beyond the seeds of searches and confirmations."""


def preset_of(workload: str) -> dict[str, Any]:
    """Return the preset that has the workload's name."""
    read = yaml.safe_load((PRESETS / f"{workload}.yaml").read_text(encoding="utf-8"))
    return dict(read)


def tuned(workload: str, agent: str, seed: int, evaluations: int, out: Path) -> dict[str, Any]:
    """Return the result of a tuning, from its summary if it was done before.

    Args:
        evaluations: the budget; 0: the preset's, which is everything for `grid`.
    """
    kept = out.with_suffix(".json")
    if kept.exists():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    preset = preset_of(workload)
    settings = {**preset["agents"], **preset.get("other_agents", {})}.get(agent, {})
    if agent == "ppo":
        settings = {**settings, "steps": evaluations // RUNS_OF_A_STEP}
    elif evaluations:
        settings = {**settings, "evaluations": evaluations}
    result: Tuned = optimize(
        workload,
        agent=agent,
        seed=seed,
        settings=settings,
        environment={k: v for k, v in preset["environment"].items() if k != "workload"},
        out=out,
        resume=out.exists(),
        log=print,
    )
    found: dict[str, Any] = {
        "agent": agent, "seed": seed, "evaluations": evaluations,
        "improvement": result.improvement, "low": result.low, "high": result.high,
        "recommended": result.recommended, "configuration": dict(result.best_configuration),
    }  # fmt: skip
    kept.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


def compared(
    workload: str, configurations: list[dict[str, str]], rounds: int, kept: Path
) -> NDArray[np.float64]:
    """Return the metric, (rounds, 1 + configurations), of the default and of each configuration.

    Every round runs each of them once, in its own random order; `kept` stores the finished rounds.
    """
    config = validate(SysctlConfig, preset_of(workload)["environment"])
    done: dict[str, Any] = {"configurations": configurations, "rounds": []}
    if kept.exists():
        before = json.loads(kept.read_text(encoding="utf-8"))
        if before["configurations"] == configurations:
            done = before
    stage = Stage.shared(config)
    try:
        for number in range(len(done["rounds"]), rounds):
            values = np.zeros(1 + len(configurations))
            for index in np.random.default_rng(number).permutation(len(values)):
                chosen = configurations[index - 1] if index else None
                values[index] = stage.run(chosen, FULL, FIRST_SEED + number).value
            done["rounds"].append(values.tolist())
            kept.write_text(json.dumps(done) + "\n", encoding="utf-8")
            print(f"round {number + 1} of {rounds}", flush=True)
    finally:
        stage.release()
    return np.array(done["rounds"])


def interval(table: NDArray[np.float64], index: int, reference: int) -> tuple[float, float, float]:
    """Return the share of the reference's gain over the default, with its 95 % interval.

    Rounds are resampled as a whole, because their runs share the state of the machine.
    """
    drawn = np.random.default_rng(0).integers(len(table), size=(10_000, len(table)))
    mean = np.concatenate([table.mean(axis=0)[None], table[drawn].mean(axis=1)])
    share = (mean[:, index] - mean[:, 0]) / (mean[:, reference] - mean[:, 0])
    low, high = np.quantile(share[1:], [0.025, 0.975])
    return float(share[0]), float(low), float(high)


def table_of(table: NDArray[np.float64], found: list[dict[str, Any]]) -> None:
    """Print the table; the last of `found` is the reference.

    If no configuration was confirmed to be better, the result is the default, which gains nothing.
    """
    default = table[:, 0].mean()
    columns = iter(range(1, table.shape[1]))
    reference = table.shape[1] - 1
    print("| agent | seed | confirmed improvement | measured anew | share of the best known gain |")
    print("|---|--:|--:|--:|--:|")
    shares: dict[str, list[float]] = {}
    for one in found:
        gain, share, said = 0.0, 0.0, "0%: the default is kept"
        if one["recommended"]:
            index = next(columns)
            share, low, high = interval(table, index, reference)
            gain, said = (
                table[:, index].mean() / default - 1,
                f"{share:.0%} [{low:.0%}, {high:.0%}]",
            )
        shares.setdefault(one["agent"], []).append(share)
        print(
            f"| `{one['agent']}` | {one['seed']} "
            f"| {one['improvement']:.2f} [{one['low']:.2f}, {one['high']:.2f}] "
            f"| {gain:.2f} | {said} |"
        )
    for agent, values in shares.items():
        print(f"\n`{agent}`: median share {median(values):.1%}, lowest {min(values):.1%}")


def main() -> None:
    """Tune and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("workload")
    parser.add_argument("out", type=Path, help="folder of the runs")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=60)
    parser.add_argument("--reference", default="300", help="evaluations of optuna, or 'grid'")
    parser.add_argument("--agents", nargs="+", choices=AGENTS, default=AGENTS)
    parser.add_argument("--rounds", type=int, default=10, help="of the comparison")
    parser.add_argument("--no-comparison", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found = [
        tuned(options.workload, agent, seed, options.evaluations, options.out / f"{agent}-{seed}")
        for agent in options.agents
        for seed in range(options.first_seed, options.first_seed + options.seeds)
    ]
    agent, budget = ("grid", 0) if options.reference == "grid" else ("optuna", options.reference)
    found.append(tuned(options.workload, agent, 1000, int(budget), options.out / "reference"))
    if options.no_comparison:
        return
    table = compared(
        options.workload,
        [one["configuration"] for one in found if one["recommended"]],
        options.rounds,
        options.out / "comparison.json",
    )
    table_of(table, found)


if __name__ == "__main__":
    main()
