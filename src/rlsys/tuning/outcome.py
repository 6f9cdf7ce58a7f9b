"""What the trials of `rlsys tune` came to: counted, ranked and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlsys.errors import UserError
from rlsys.tuning.study import is_interrupted

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial


def counted(study: Study) -> int:
    """Return how many trials have been begun and not been interrupted."""
    return sum(
        trial.state.name != "WAITING" and not is_interrupted(trial)
        for trial in study.get_trials(deepcopy=False)
    )


def best_trials(study: Study, count: int) -> list[FrozenTrial]:
    """Return the `count` best finished trials, best first."""
    finished = [t for t in study.get_trials(deepcopy=False) if t.state.name == "COMPLETE"]
    return sorted(finished, key=lambda t: -(t.value or 0.0))[:count]


def check_success(study: Study) -> None:
    """Raise `UserError` with the first reason where every trial failed."""
    trials = study.get_trials(deepcopy=False)
    if any(trial.state.name == "COMPLETE" for trial in trials):
        return
    reasons = [t.user_attrs["reason"] for t in trials if "reason" in t.user_attrs]
    first = reasons[0].splitlines()[0] if reasons else "unknown"
    raise UserError(f"all {len(reasons)} trials failed; the first: {first}")


def shown_value(stored: Any) -> str:
    """Return a setting, as the study stores it, for a table."""
    return f"{stored:.4g}" if isinstance(stored, float) else str(stored)
