"""How near searchers come to the best configuration of a shipped benchmark, on this machine.

    python benchmarks/sysctl_search.py net-churn runs/churn    # as root; hours, and it goes on

For each seed every agent tunes with the same budget; one search with `--reference` evaluations says
what there is to gain. What counts is the improvement that paired runs against the default confirm,
not what the search believed. A run that is complete is not done again.
"""

from __future__ import annotations

import argparse
import json
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from rlsys_sysctl import Tuned, optimize

AGENTS = ("optuna", "random", "ppo")
PRESETS = files("rlsys_sysctl") / "presets"
RUNS_OF_A_STEP = 5
"""A step of PPO: three repeats between two runs of the default."""


def tuned(workload: str, agent: str, seed: int, evaluations: int, out: Path) -> dict[str, Any]:
    """Return what a tuning has found, from its summary where it has been done before."""
    kept = out.with_suffix(".json")
    if kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    settings = {"evaluations": evaluations}
    if agent == "ppo":
        settings = {"steps": evaluations // RUNS_OF_A_STEP}
    preset = yaml.safe_load((PRESETS / f"{workload}.yaml").read_text(encoding="utf-8"))
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
    found = {
        "agent": agent, "seed": seed, "evaluations": evaluations,
        "improvement": result.improvement, "low": result.low, "high": result.high,
        "recommended": result.recommended, "configuration": dict(result.best_configuration),
    }  # fmt: skip
    kept.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


def main() -> None:
    """Tune and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("workload")
    parser.add_argument("out", type=Path, help="folder of the runs")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--evaluations", type=int, default=60)
    parser.add_argument("--reference", type=int, default=300)
    parser.add_argument("--agents", nargs="+", choices=AGENTS, default=AGENTS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    best = tuned(options.workload, "optuna", 1000, options.reference, options.out / "reference")
    print(f"| agent | seed | improvement, 95 % interval | share of that of {options.reference} |")
    print("|---|--:|--:|--:|")
    shares: dict[str, list[float]] = {agent: [] for agent in options.agents}
    for seed in range(options.seeds):
        for agent in options.agents:
            run = options.out / f"{agent}-{seed}"
            found = tuned(options.workload, agent, seed, options.evaluations, run)
            share = found["improvement"] / best["improvement"]
            shares[agent].append(share)
            shown = f"{found['improvement']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"
            print(f"| `{agent}` | {seed} | {shown} | {share:.0%} |", flush=True)
    for agent, values in shares.items():
        print(f"\n`{agent}`: median share {median(values):.0%}")


if __name__ == "__main__":
    main()
