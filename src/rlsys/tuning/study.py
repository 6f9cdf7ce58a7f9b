"""The study of a search, in one SQLite file through Optuna."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rlsys.descriptors import Requirement
from rlsys.errors import UserError

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial


OPTUNA = Requirement(name="optuna", fix="pip install 'rlsys[tune]'")

STUDY_FILE = "study.db"

TRIALS_BEFORE_PRUNING = 4
"""Finished trials whose median decides for the first time."""

TRIALS_FOR_IMPORTANCE = 10
"""Finished trials below which the importance of a setting would be noise."""


def open_study(path: Path) -> Study:
    """Open or begin the study in the SQLite file `path`."""
    import optuna

    return optuna.create_study(
        storage=f"sqlite:///{path.resolve()}",
        study_name="rlsys",
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING),
        load_if_exists=True,
    )


def is_interrupted(trial: FrozenTrial) -> bool:
    """Return whether a trial was stopped from outside; it does not count and is tried again."""
    return trial.state.name == "FAIL" and "reason" not in trial.user_attrs


def counted(study: Study) -> int:
    """Return how many trials have been begun and not been interrupted."""
    return sum(
        trial.state.name != "WAITING" and not is_interrupted(trial)
        for trial in study.get_trials(deepcopy=False)
    )


def load_importances() -> None:
    """Import now what `importances` needs; it takes seconds where scikit-learn is installed."""
    importlib.import_module("optuna.importance")


def importances(study: Study) -> dict[str, float]:
    """Return the share of each setting in what tells good trials from others (PED-ANOVA).

    Watanabe et al., PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
    Subspaces, IJCAI 2023.  Empty where there are too few finished trials, one setting, or no
    difference between the trials.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    finished = [t for t in study.get_trials(deepcopy=False) if t.state.name == "COMPLETE"]
    names = {name for trial in finished for name in trial.params}
    if len(finished) < TRIALS_FOR_IMPORTANCE or len(names) < 2:
        return {}
    if len({trial.value for trial in finished}) == 1:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls the method experimental
        return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())


def best_trials(study: Study, count: int) -> list[FrozenTrial]:
    """Return the `count` best finished trials, best first."""
    finished = [t for t in study.get_trials(deepcopy=False) if t.state.name == "COMPLETE"]
    return sorted(finished, key=lambda t: -(t.value or 0.0))[:count]


def sampler(seed: int, index: int, slots: int) -> Any:
    import optuna

    drawn = int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=drawn, constant_liar=slots > 1)


def check_success(study: Study) -> None:
    trials = study.get_trials(deepcopy=False)
    if any(trial.state.name == "COMPLETE" for trial in trials):
        return
    reasons = [t.user_attrs["reason"] for t in trials if "reason" in t.user_attrs]
    first = reasons[0].splitlines()[0] if reasons else "unknown"
    raise UserError(f"all {len(reasons)} trials failed; the first: {first}")


@contextmanager
def readable_errors(path: Path) -> Iterator[None]:
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        cause = str(error.__cause__ or error).splitlines()[0]
        raise UserError(
            f"{path / STUDY_FILE}: cannot be read or written: {cause}; where the disk is full, "
            "free space and go on with --resume"
        ) from error


def shown_value(stored: Any) -> str:
    """Return a setting, as the study stores it, for a table."""
    return f"{stored:.4g}" if isinstance(stored, float) else str(stored)
