"""The result document of `rlsys tune`: the best trial, and a count of the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rlsys.config.plan import Plan
from rlsys.evaluation.report import result_document
from rlsys.evaluation.statistics import summarise
from rlsys.policies import controller_of, load_policy
from rlsys.rollout import play
from rlsys.seeds import validation_seeds
from rlsys.training import NETWORK_FILE
from rlsys.tuning.importance import importances
from rlsys.tuning.layout import BEST_FILE, policy_directory, trial_directory
from rlsys.tuning.pruning import METRIC
from rlsys.tuning.study import STUDY_FILE, is_interrupted

if TYPE_CHECKING:
    from optuna import Study


def search_document(plan: Plan, run: Path, study: Study) -> dict[str, Any]:
    """Return the result document: the best trial, played on the validation episodes.

    Args:
        plan: of the search.
        run: the run directory.
        study: has a complete trial.
    """
    directory = trial_directory(run, study.best_trial.number)
    document = result_document(
        plugin=plan.config.plugin,
        preset=plan.config.preset,
        run=str(run),
        status="complete",
        seeds=plan.config.training_seeds(),
        evaluation=None,
        artefacts={"best": BEST_FILE, "study": STUDY_FILE},
        notes=[*_counts(study), *_importance_notes(study)],
    )
    document["results"] = [_row(plan, case.name, directory) for case in plan.trained_cases]
    return document


def _row(plan: Plan, case: str, directory: Path) -> dict[str, Any]:
    make_env = plan.make_env(case)
    seeds = validation_seeds(plan.config.training.validation_episodes)
    rewards = []
    for seed in plan.config.training_seeds():
        network = load_policy(policy_directory(directory, case, seed) / NETWORK_FILE)
        rewards.append(play(make_env, controller_of(network), seeds)["reward"])
    return {
        "case": case,
        "controller": plan.controller_name,
        "kind": "learned",
        "metric": METRIC,
        "unit": "",
        "better": "higher",
        **summarise(np.array(rewards)).fields(),
    }


def _counts(study: Study) -> Iterator[str]:
    trials = study.get_trials(deepcopy=False)
    count = {
        "finished": sum(t.state.name == "COMPLETE" for t in trials),
        "pruned": sum(t.state.name == "PRUNED" for t in trials),
        "failed": sum(t.state.name == "FAIL" and not is_interrupted(t) for t in trials),
        "interrupted": sum(map(is_interrupted, trials)),
    }
    yield "trials: " + ", ".join(f"{number} {name}" for name, number in count.items())
    yield (
        f"{METRIC} is measured on the episodes that chose the settings, so it flatters them; "
        f"`rlsys run ... --config {BEST_FILE}` measures on held-out episodes"
    )


def _importance_notes(study: Study) -> Iterator[str]:
    shares = importances(study)
    if shares:
        listed = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
        yield f"importance of the settings (PED-ANOVA): {listed}"
