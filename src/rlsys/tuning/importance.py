"""Which settings tell good trials from bad ones."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna import Study

TRIALS_FOR_IMPORTANCE = 10
"""Finished trials below which the importance of a setting would be noise."""


def load_importances() -> None:
    """Import now what `importances` needs; it takes seconds where scikit-learn is installed."""
    importlib.import_module("optuna.importance")


def importances(study: Study) -> dict[str, float]:
    """Return the share of each setting in what tells good trials from others (PED-ANOVA).

    Watanabe et al., PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
    Subspaces, IJCAI 2023.  Empty where there are too few finished trials, one setting, or no
    difference between the trials.
    """
    finished = [t for t in study.get_trials(deepcopy=False) if t.state.name == "COMPLETE"]
    names = {name for trial in finished for name in trial.params}
    if len(finished) < TRIALS_FOR_IMPORTANCE or len(names) < 2:
        return {}
    if len({trial.value for trial in finished}) == 1:
        return {}
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls the method experimental
        return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
