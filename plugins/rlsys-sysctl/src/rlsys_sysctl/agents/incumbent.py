"""Which configuration is the best so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial

from rlsys_sysctl.agents.store import RECORD
from rlsys_sysctl.measuring.meter import FULL, Measurement, Meter
from rlsys_sysctl.measuring.scoring import Weights


class Incumbent:
    """The best of the configurations that were measured in full; at first the default.

    Attributes:
        trial: of the best; None: the default.
        rewards: of all configurations, in order.
        since_better: how many configurations came after the best.
    """

    def __init__(self, meter: Meter, weights: Weights) -> None:
        self._meter = meter
        self._weights = weights
        self._measured: dict[int, Measurement] = {}
        self.trial: FrozenTrial | None = None
        self.rewards: list[float] = []
        self.since_better = 0

    def count(self, trial: FrozenTrial, measurement: Measurement | None = None) -> None:
        """Take in the next complete trial.

        Args:
            measurement: its runs; None for a trial from before a pause, of which they are lost.
        """
        self.rewards.append(float(trial.value or 0.0))
        full = trial.user_attrs[RECORD]["fidelity"] == "full"
        if full and measurement is not None:
            self._measured[trial.number] = measurement
        better = full and self.is_better(self.rewards[-1])
        if better:
            self.trial = trial
        self.since_better = 0 if better else self.since_better + 1

    def is_better(self, reward: float) -> bool:
        """Return whether a configuration measured in full with `reward` would be the best."""
        return reward > self.reward

    @property
    def reward(self) -> float:
        """Of the best."""
        if self.trial is not None:
            return float(self.trial.value or 0.0)
        return self._of_default

    @property
    def values(self) -> Mapping[str, str] | None:
        """Of the best; None: the default's."""
        if self.trial is None:
            return None
        values: dict[str, str] = self.trial.user_attrs[RECORD]["values"]
        return values

    def judge_anew(self, trials: Sequence[FrozenTrial]) -> None:
        """Choose the best of complete `trials` once more, by all that is known of the default now.

        What came early was compared with a few runs of the default alone, and the luckiest of those
        comparisons would win.
        """
        full = [t for t in trials if t.user_attrs[RECORD]["fidelity"] == "full"]
        winner = max(full, key=self._judged_anew, default=None)
        if winner is not None:
            self.trial = winner if self._judged_anew(winner) > self._of_default else None

    def _judged_anew(self, trial: FrozenTrial) -> float:
        measurement = self._measured.get(trial.number)
        return self._meter.score(measurement).reward if measurement else float(trial.value or 0.0)

    @property
    def _of_default(self) -> float:
        deviation = self._meter.deviation(FULL)
        return self._weights.performance + self._weights.stability * (1.0 - deviation)


def record_of(measurement: Measurement, fidelity: str, **more: Any) -> dict[str, Any]:
    """Return what is kept of a measurement, JSON values, with `more` besides."""
    return {
        "values": dict(measurement.values),
        "fidelity": fidelity,
        "runs": {
            f"{fraction:g}": [run.value for run in runs]
            for fraction, runs in measurement.runs.items()
        },
        "outliers": measurement.outliers,
        "failure": measurement.failure,
        **more,
    }
