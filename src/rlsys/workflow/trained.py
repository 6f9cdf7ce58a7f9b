"""Loads the trained policies of a run, and makes fresh controllers for its cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rlsys.config.plan import Plan
from rlsys.controllers import Controller
from rlsys.descriptors import Case, resolve
from rlsys.errors import UserError
from rlsys.evaluation.evaluate import make_baseline
from rlsys.policies import Policy, controller_of, load_policy
from rlsys.training import NETWORK_FILE
from rlsys.workflow.run_directory import RunDirectory


def policy_files(plan: Plan, run: RunDirectory) -> dict[str, list[Path]]:
    """Return the files of the trained networks of a run by case, one per training seed.

    Raises:
        UserError: a training has not finished.
    """
    files: dict[str, list[Path]] = {}
    for case in plan.trained_cases:
        for seed in plan.config.training_seeds():
            path = run.policy_directory(case.name, seed) / NETWORK_FILE
            if not path.exists():
                raise UserError(
                    f"{run.path}: the training of case {case.name!r}, seed {seed}, has not "
                    "finished; continue it with --resume"
                )
            files.setdefault(case.name, []).append(path)
    return files


def load_policies(plan: Plan, run: RunDirectory) -> dict[str, dict[str, list[Policy]]]:
    """Return the trained networks of a run by controller and case, one per seed.

    Raises:
        UserError: a training has not finished, or a network cannot be read.
    """
    networks = {
        case: [load_policy(path) for path in paths]
        for case, paths in policy_files(plan, run).items()
    }
    return {plan.controller_name: networks}


def fresh_controllers(
    plan: Plan,
    case: Case,
    policies: Mapping[str, Mapping[str, Sequence[Policy]]],
    *,
    oracle: bool = True,
) -> dict[str, Controller]:
    """Return controllers for a case: learned (first seed), baselines and, if wanted, the oracle."""
    controllers: dict[str, Controller] = {}
    for name, by_case in policies.items():
        networks = by_case.get(case.policy or case.name)
        if networks:
            controllers[name] = controller_of(networks[0])
    for baseline in plan.environment.baselines:
        controllers[baseline.name] = make_baseline(baseline, case)
    if plan.environment.oracle is not None and plan.config.evaluation.oracle and oracle:
        controllers[plan.environment.oracle.name] = resolve(plan.environment.oracle.factory)(
            case.config
        )
    return controllers
