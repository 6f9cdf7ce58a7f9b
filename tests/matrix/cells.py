"""Every environment, agent, exporter and executor together: what a user sees in each cell.

A cell is played through the command line with tiny settings. So "works" means that the command
ended with exit code 0, not that anything was learned.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml
from program import LAMPS, run_here

WORKS = "works"

PPO = {"steps": 64, "n_steps": 32, "num_envs": 2, "batch_size": 32, "n_epochs": 1}
OFF_POLICY = {"steps": 64, "learning_starts": 16, "batch_size": 16, "buffer_size": 1000}
ROLES = {"steps": 16, "num_envs": 2, "n_steps": 4, "minibatches": 1, "n_epochs": 1}
SEARCH = {"evaluations": 8, "confirm_pairs": 4}
AGENTS: dict[str, dict[str, Any]] = {
    "ppo": PPO,
    "maskable-ppo": PPO,
    "dqn": OFF_POLICY,
    "sac": OFF_POLICY,
    "self-labelling": {"rounds": 1, "episodes": 8, "keep": 2},
    "imitation": {"rounds": 1, "instances": 2, "rollouts": 2},
    "sb3-shared": ROLES,
    "mappo": ROLES,
    "rllib-ppo": {"steps": 64, "train_batch_size": 64, "batch_size": 32, "num_envs": 2},
    "optuna": SEARCH,
    "random": SEARCH,
    "grid": {"confirm_pairs": 4},
    "hill-climbing": {"steps": 192},
}
EXPORTERS: dict[str, dict[str, Any]] = {
    "json": {},
    "onnx": {},
    # Fewer observations than a user would compare, and no promise about a network that learned
    # nothing; both are tested elsewhere.
    "rust-q10": {
        "observations": 200,
        "golden_vectors": 100,
        "episodes": 2,
        "least_equal_actions": 0,
        "most_action_difference": 1,
        "most_reward_difference": 1000,
    },
    "sysctl-d": {"confirm_pairs": 4},
}
EXECUTORS = ("local", "ray")
ENVIRONMENTS = ("lamps", "rtos", "jobshop", "mec", "sysctl", "CartPole", "Pendulum")


@dataclass
class Outcome:
    """What became of one environment with one agent on one executor.

    Attributes:
        training: `WORKS`, or the line that refused it.
        exports: the same by exporter; empty if the training was refused.
    """

    training: str
    exports: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return asdict(self)


def play(environment: str, agent: str, executor: str, folder: Path) -> Outcome:
    """Train, evaluate and export; return what a user would have seen."""
    out = folder / f"{environment}-{agent}-{executor}"
    file = folder / f"{out.name}.yaml"
    settings = _settings(environment, folder)
    file.write_text(yaml.safe_dump({**settings, "agents": {agent: AGENTS[agent]}}))
    plugin = {"CartPole": "gymnasium", "Pendulum": "gymnasium"}.get(environment, environment)
    result = run_here(
        *LAMPS, "run", plugin, "--config", file, "--executor", executor, "--out", out, "--quiet"
    )
    outcome = Outcome(_said(result, out))
    if outcome.training == WORKS:
        for name, options in EXPORTERS.items():
            given = [part for k, v in options.items() for part in ("--set", f"{k}={v}")]
            exported = run_here(*LAMPS, "export", out, "--to", name, *given, "--quiet")
            outcome.exports[name] = _said(exported, out)
    return outcome


def _settings(environment: str, folder: Path) -> dict[str, Any]:
    common: dict[str, Any] = {
        "exports": [],
        "training": {"validation_episodes": 1},
        "evaluation": {"episodes": 2, "baselines": [], "oracle": False},
    }
    match environment:
        case "CartPole":
            return {**common, "environment": {"id": "CartPole-v1"}}
        case "Pendulum":
            return {**common, "environment": {"id": "Pendulum-v1"}}
        case "mec":
            return {**common, "preset": "contended"}
        case "rtos":
            return {**common, "preset": "normal"}
        case "sysctl":
            return {**common, "environment": _fake_machine(folder)}
    return common


def _fake_machine(folder: Path) -> dict[str, Any]:
    """Return settings for a folder that looks like /proc/sys, and a benchmark that reads it."""
    from fake_tree import FakeTree
    from fake_workload import fake_settings

    return fake_settings(FakeTree(folder / "proc-sys"))


def _said(result: Any, out: Path) -> str:
    if result.returncode == 0:
        return WORKS
    lines = [line for line in result.stderr.splitlines() if line.startswith("rlsys: ")]
    if result.returncode != 1 or len(lines) != 1 or "Traceback" in result.stderr:
        raise AssertionError(
            f"exit code {result.returncode}, which is neither of the two:\n{result.stderr}"
        )
    return lines[0].removeprefix("rlsys: error: ").replace(str(out), "RUN")
