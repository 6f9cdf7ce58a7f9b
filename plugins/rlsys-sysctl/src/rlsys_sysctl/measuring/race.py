"""Spend benchmark time where it may pay off: a short run first, then longer and repeated ones.

A configuration gets full runs while, given how much runs differ, it may still beat the best that
was measured in full, and while it is among the better short runs (the rule of successive halving:
Jamieson and Talwalkar, 2016).  Most are given up after a short run.  The few that matter are
measured several times, which also shows their stability.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rlsys_sysctl.measuring.meter import FULL, Measurement, Meter, Values
from rlsys_sysctl.measuring.scoring import Weights, reward_of

_DEVIATIONS = 2.0
"""A configuration may seem worse than the best by this many standard deviations and go on."""


@dataclass
class Race:
    """Decides how much each configuration is measured.

    Attributes:
        meter: runs them.
        weights: of the reward.
        repeats: full runs of a configuration that is not given up.
        keep: share of the short runs that are followed by full ones.
        short: length of the first run as a share of a full one; None: full runs only.
        budget: cost that the meter may reach; what would exceed it is not started.
        best: highest reward that was measured in full; the default's at first.
        firsts: performances of all short runs.
    """

    meter: Meter
    weights: Weights
    repeats: int
    keep: float
    short: float | None = None
    budget: float = math.inf
    best: float = field(init=False)
    firsts: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.best = self.weights.performance + self.weights.stability

    @property
    def exhausted(self) -> bool:
        """Whether too little of the budget is left for another configuration."""
        least = self._cost if self.short is None else 2 * self.short
        return self.meter.spent + least > self.budget

    @property
    def _cost(self) -> float:
        """Cost of a configuration's full runs, with the default before and after."""
        return FULL * (self.repeats + 2)

    def run(self, values: Values) -> Measurement:
        """Measure a configuration for as long as it is promising."""
        measurement = Measurement(values)
        if self.short is not None:
            if not self.meter.run(measurement, self.short):
                return measurement
            (first,) = self.meter.performances(measurement, self.short)
            self.firsts.append(first)
            promising = self._among_the_best(first) and self._may_win([first], self.short)
            if not promising or self.meter.spent + self._cost > self.budget:
                return measurement
        for _ in range(self.repeats):
            if not self.meter.run(measurement, FULL):
                break
            if not self._may_win(self.meter.performances(measurement, FULL), FULL):
                break
        self.meter.close(FULL)
        self.meter.repeat_outliers(measurement, FULL)
        if self.is_complete(measurement):
            self.best = max(self.best, self.meter.score(measurement).reward)
        return measurement

    def is_complete(self, measurement: Measurement) -> bool:
        """Return whether a configuration has all its full runs."""
        runs = measurement.runs.get(FULL, ())
        return measurement.failure is None and len(runs) >= self.repeats

    def _among_the_best(self, first: float) -> bool:
        better = sum(other > first for other in self.firsts)
        return better < math.ceil(self.keep * len(self.firsts))

    def _may_win(self, performances: Sequence[float], fraction: float) -> bool:
        """Return whether the true reward may exceed the best, within the noise."""
        mean = sum(performances) / len(performances)
        deviation = self.meter.deviation(fraction)
        # Noise of the mean of the runs, divided by the default's estimate.  That estimate rests on
        # two runs at first and on more later; this assumes two, so little is given up too early.
        noise = deviation * math.sqrt(1.0 / len(performances) + 0.5)
        return reward_of(mean * (1.0 + _DEVIATIONS * noise), 1.0, self.weights) >= self.best

    def get_state(self) -> dict[str, Any]:
        """Return what is needed to go on, as JSON values."""
        return {"best": self.best, "firsts": list(self.firsts)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from `get_state`."""
        self.best = float(state["best"])
        self.firsts = [float(value) for value in state["firsts"]]
