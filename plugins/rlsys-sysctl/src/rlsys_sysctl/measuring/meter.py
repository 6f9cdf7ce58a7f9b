"""Measure configurations against the default, which is run in between.

The default is run again and again, so that each result can be divided by what the default would
have given at the same time (see `rlsys_sysctl.measuring.scoring`).  A full measurement lies between
two runs of the default; at most `control_every` short runs in a row share one.

A run costs its length as a share of a full one; so does a run of the default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rlsys_sysctl.measuring.runner import BenchmarkFailed
from rlsys_sysctl.measuring.scoring import (
    EVEN,
    REFUSED,
    Direction,
    Score,
    Weights,
    expected_at,
    outliers,
    performance,
    relative_deviation,
    score,
)

FULL = 1.0
DEVIATION_UNKNOWN = 0.03
"""Relative deviation of one run, assumed until the default has shown it."""
_RECENT = 6
"""A new run of the default is an outlier compared with this many before it."""

Values = Mapping[str, str]


class Refused(Exception):
    """A configuration that cannot be run: it breaks a constraint, or the kernel refuses it."""


@dataclass(frozen=True)
class Run:
    """One run of the benchmark.

    Attributes:
        value: what it printed.
        time: s, the middle of the run.
    """

    value: float
    time: float


class Bench(Protocol):
    """Where benchmarks run."""

    def run(self, values: Values | None, fraction: float, seed: int) -> Run:
        """Set `values` (None: the default configuration) and run the benchmark.

        Args:
            fraction: length of the run as a share of a full one.
            seed: for the benchmark's own random numbers.

        Raises:
            BenchmarkFailed: it gave no number.
            Refused: these values cannot be set; nothing was changed.
        """


@dataclass
class _Default:
    """Runs of the default configuration of one length.

    Attributes:
        runs: in order of time.
        earlier: values of runs before a pause; the machine may have changed since, so they only
            show how much runs differ.
        last: number of the configuration's run before the latest run of the default.
    """

    runs: list[Run] = field(default_factory=list)
    earlier: list[float] = field(default_factory=list)
    last: int = 0

    def at(self, time: float) -> float:
        return expected_at([r.time for r in self.runs], [r.value for r in self.runs], time)

    @property
    def values(self) -> list[float]:
        return [*self.earlier, *(run.value for run in self.runs)]


@dataclass
class Measurement:
    """The runs of one configuration, by their length; `Meter` says what they are worth.

    Attributes:
        failure: why it is worth nothing; None: nothing failed.
        outliers: values of runs that were repeated because they were far from the others.
    """

    values: Values
    runs: dict[float, list[Run]] = field(default_factory=dict)
    failure: str | None = None
    outliers: list[float] = field(default_factory=list)

    @property
    def fraction(self) -> float:
        """Length of its longest runs, the only ones that count; 0 if it has none."""
        return max((length for length, runs in self.runs.items() if runs), default=0.0)


class Meter:
    """Runs configurations with the default in between, and keeps account of the cost.

    Args:
        bench: where to run.
        direction: which values of the metric are better.
        weights: of the reward.
        control_every: most runs of configurations between two of the default.
        on_run: called after every run: kind (``default`` or ``candidate``), fraction, value.

    Attributes:
        spent: cost of all runs, in full runs.
    """

    def __init__(
        self,
        bench: Bench,
        *,
        direction: Direction = "higher",
        weights: Weights = EVEN,
        control_every: int = 2,
        on_run: Callable[[str, float, float], None] = lambda *_: None,
    ) -> None:
        self.spent = 0.0
        self._bench = bench
        self._direction = direction
        self._weights = weights
        self._control_every = control_every
        self._on_run = on_run
        self._count = 0
        self._defaults: dict[float, _Default] = {}

    def run(self, measurement: Measurement, fraction: float) -> bool:
        """Run a configuration once; before its first run, run the default if that is due.

        Returns:
            Whether it gave a number; if not, the measurement says why.

        Raises:
            BenchmarkFailed: with the default configuration, so nothing can be compared.
        """
        if not measurement.runs.get(fraction):
            self._refresh(fraction)
        try:
            run = self._run("candidate", measurement.values, fraction)
            # Also checks that the number can be compared.
            performance(run.value, self._defaults[fraction].at(run.time), self._direction)
        except Refused as error:
            measurement.failure = str(error)
            return False
        except BenchmarkFailed as error:
            measurement.failure = str(error)
            # Is it the configuration or the machine?  The default's next run will show.
            self._defaults[fraction].last = -self._control_every
            return False
        measurement.runs.setdefault(fraction, []).append(run)
        return True

    def close(self, fraction: float) -> None:
        """Run the default once more if configurations have run since, to enclose them."""
        if self._since(fraction) > 0:
            self._run_default(fraction)

    def measure(self, values: Values, repeats: int, fraction: float = FULL) -> Measurement:
        """Measure a configuration `repeats` times between two runs of the default.

        An outlier among three or more repeats is repeated once; see `repeat_outliers`.
        """
        measurement = Measurement(values)
        for _ in range(repeats):
            if not self.run(measurement, fraction):
                break
        self.close(fraction)
        self.repeat_outliers(measurement, fraction)
        return measurement

    def repeat_outliers(self, measurement: Measurement, fraction: float) -> None:
        """Repeat once each run that is far from the others.

        If the repetition is far from the others as well, this is how the configuration behaves, and
        both runs count; otherwise it replaces the outlier.
        """
        if measurement.failure is not None:
            return
        found = outliers(self.performances(measurement, fraction))
        for index in found:
            odd = measurement.runs[fraction][index]
            if not self.run(measurement, fraction):
                return
            measurement.outliers.append(odd.value)
            if len(measurement.runs[fraction]) - 1 not in outliers(
                self.performances(measurement, fraction)
            ):
                measurement.runs[fraction].remove(odd)
        if found:
            self.close(fraction)

    def performances(self, measurement: Measurement, fraction: float) -> list[float]:
        """Return each run as a multiple of the default's at the same time, as known by now."""
        default = self._defaults[fraction]
        return [
            performance(run.value, default.at(run.time), self._direction)
            for run in measurement.runs.get(fraction, ())
        ]

    def score(self, measurement: Measurement) -> Score:
        """Return what a configuration is worth by its longest runs, as known by now."""
        fraction = measurement.fraction
        if measurement.failure is not None or not fraction:
            return REFUSED
        values = self.performances(measurement, fraction)
        return score(values, self._weights, self.deviation(fraction))

    def deviation(self, fraction: float) -> float:
        """Return the relative deviation of one run of this length, as the default shows it."""
        default = self._defaults.get(fraction, _Default())
        known = relative_deviation(default.values)
        return DEVIATION_UNKNOWN if known is None else known

    def default_value(self, fraction: float = FULL) -> float | None:
        """Return the metric of the default's latest run, or None if there is none."""
        runs = self._defaults.get(fraction, _Default()).runs
        return runs[-1].value if runs else None

    def get_state(self) -> dict[str, Any]:
        """Return what is needed to go on after a pause, as JSON values."""
        return {
            "spent": self.spent,
            "count": self._count,
            "defaults": [
                {"fraction": fraction, "last": default.last, "values": default.values}
                for fraction, default in self._defaults.items()
            ],
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from `get_state`; the first run of the default of each length is then free."""
        self.spent = float(state["spent"])
        self._count = int(state["count"])
        self._defaults = {
            float(one["fraction"]): _Default([], list(map(float, one["values"])), int(one["last"]))
            for one in state["defaults"]
        }

    def _since(self, fraction: float) -> int:
        return self._count - self._defaults[fraction].last

    def _refresh(self, fraction: float) -> None:
        default = self._defaults.setdefault(fraction, _Default(last=-self._control_every))
        if default.earlier and not default.runs:
            # After a pause it is needed for comparison, but not paid for a second time.
            run = self._bench.run(None, fraction, self._count)
            default.runs.append(run)
            self._on_run("default", fraction, run.value)
        if self._since(fraction) >= self._control_every:
            self._run_default(fraction)

    def _run_default(self, fraction: float) -> None:
        default = self._defaults[fraction]
        run = self._run("default", None, fraction)
        recent = [r.value for r in default.runs[-_RECENT:]]
        if len(recent) in outliers([*recent, run.value]):
            again = self._run("default", None, fraction)
            if len(recent) in outliers([*recent, again.value]):
                default.runs.append(run)  # both are far off: the machine has changed
            run = again
        default.runs.append(run)
        default.last = self._count

    def _run(self, kind: str, values: Values | None, fraction: float) -> Run:
        try:
            run = self._bench.run(values, fraction, self._count)
        except BenchmarkFailed:
            self._paid(kind, fraction)
            raise
        self._paid(kind, fraction)
        self._on_run(kind, fraction, run.value)
        return run

    def _paid(self, kind: str, fraction: float) -> None:
        self.spent += fraction
        if kind == "candidate":
            self._count += 1
