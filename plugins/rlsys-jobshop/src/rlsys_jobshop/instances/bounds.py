"""The best bounds on the makespan that are known for published instances."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache

from rlsys_jobshop.instances import files
from rlsys_jobshop.instances.published import exact_name

COLLECTION = "ScheduleOpt/benchmarks, 2026-08-19"
"""Where the table comes from; ``data/NOTICE`` says more."""


@dataclass(frozen=True)
class Bounds:
    """What is known of an instance's least makespan.

    Attributes:
        lower: it is proven that no schedule is shorter.
        upper: makespan of the best known schedule.
        source: which solver or paper reached the lower and the upper bound first, and who
            collected them.
        date: when the newer of the two was recorded.
    """

    lower: int
    upper: int
    source: str
    date: date

    @property
    def optimal(self) -> int | None:
        """The least makespan, or None while the bounds differ."""
        return self.upper if self.lower == self.upper else None

    def gap(self, makespan: float) -> float:
        """Return by which part a makespan is above the best known one: 0.1 is 10 %."""
        return makespan / self.upper - 1


def best_known(name: str) -> Bounds:
    """Return the bounds of a published instance.

    Args:
        name: as for `rlsys_jobshop.instances.classic`.

    Raises:
        UserError: there is no such instance.
    """
    return _table()[exact_name(name)]


@cache
def _table() -> dict[str, Bounds]:
    rows = csv.DictReader(files.text("bounds.csv").splitlines())
    return {
        row["name"]: Bounds(
            lower=int(row["lower"]),
            upper=int(row["upper"]),
            source=f"lower: {row['lower_by']}, upper: {row['upper_by']} ({COLLECTION})",
            date=date.fromisoformat(row["date"]),
        )
        for row in rows
    }
