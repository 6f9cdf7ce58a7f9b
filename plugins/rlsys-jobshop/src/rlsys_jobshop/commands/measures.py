"""What a command says about a schedule: measures, and how far it is from the best known one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rlsys.errors import UserError

if TYPE_CHECKING:
    from rlsys_jobshop.checking import Measures
    from rlsys_jobshop.instances import Bounds
    from rlsys_jobshop.problem import Instance, Schedule


@dataclass(frozen=True)
class Judgement:
    """A valid schedule with its measures and bounds of its makespan.

    Attributes:
        schedule: what is judged.
        measures: of the schedule.
        lower: no schedule is shorter; None: not known.
        best_known: makespan of the best known schedule; None: not known.
    """

    schedule: Schedule
    measures: Measures
    lower: int | None
    best_known: int | None

    @property
    def gap(self) -> float | None:
        """By which part the makespan is above the best known one, or else above the lower bound."""
        reference = self.best_known or self.lower
        return self.measures.makespan / reference - 1 if reference else None

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "measures": asdict(self.measures),
            "bounds": {"lower": self.lower, "best_known": self.best_known, "gap": self.gap},
        }

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield it as rows of a table."""
        from rlsys_jobshop.figures.dates import clock_of

        instance, measures = self.schedule.instance, self.measures
        yield "makespan", str(measures.makespan)
        clock = clock_of(self.schedule)
        if clock is not None:
            yield "last end", f"{clock.moment_of(measures.makespan):%Y-%m-%d %H:%M}"
        if self.lower is not None and self.lower != self.best_known:
            yield "lower bound", str(self.lower)
        if self.best_known is not None:
            is_optimal = self.lower == self.best_known
            yield "optimum" if is_optimal else "best known", str(self.best_known)
        if self.gap is not None:
            yield "gap", f"{100 * self.gap:.1f} %"
        if instance.has_due_dates:
            yield "tardiness", str(measures.tardiness)
            yield "weighted tardiness", str(measures.weighted_tardiness)
            if measures.days_late is not None:
                yield "days late", f"{measures.days_late:.2f}"
            yield "on time", f"{100 * (measures.on_time_share or 0):.1f} % of the jobs"
        if instance.has_setups:
            yield "setup time", str(measures.setup_time)
        if instance.has_overtime:
            yield "overtime", str(measures.overtime)
        yield "utilisation", f"{100 * measures.utilisation:.1f} %"


def judge(schedule: Schedule, bound: float | None = None) -> Judgement:
    """Return the measures of a valid schedule.

    Args:
        schedule: valid.
        bound: a lower bound of the makespan that a search has proven.
    """
    import math

    from rlsys_jobshop.checking import measure

    known = known_bounds(schedule.instance)
    lower = [] if known is None else [known.lower]
    lower += [] if bound is None else [math.ceil(bound - 1e-6)]
    return Judgement(
        schedule=schedule,
        measures=measure(schedule),
        lower=max(lower, default=None),
        best_known=None if known is None else known.upper,
    )


def known_bounds(instance: Instance) -> Bounds | None:
    """Return the published bounds; None: the name or the content is not of a published instance."""
    import numpy as np

    from rlsys_jobshop.instances import best_known, classic

    try:
        published = classic(instance.name)
    except UserError:
        return None
    fields = ("job_first", "mode_first", "duration", "machine_first", "mode_machines")
    same = all(np.array_equal(getattr(instance, f), getattr(published, f)) for f in fields)
    return best_known(instance.name) if same and instance.is_flexible_only else None
