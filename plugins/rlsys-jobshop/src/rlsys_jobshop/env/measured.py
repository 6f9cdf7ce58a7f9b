"""What an episode reports about its schedule."""

from __future__ import annotations

from rlsys_jobshop.checking import is_plainly_valid, measure, violations
from rlsys_jobshop.instances import best_known
from rlsys_jobshop.instances.files import PUBLISHED
from rlsys_jobshop.problem import Instance, Schedule

NAMES = (
    "makespan",
    "gap",
    "utilisation",
    "utilisation_spread",
    "tardiness",
    "weighted_tardiness",
    "late_jobs",
    "on_time",
    "setup_time",
    "overtime",
    "violations",
)


def measured(schedule: Schedule, bound: float) -> dict[str, float]:
    """Return the metrics of a complete schedule; the plugin's entry module says what they mean.

    Args:
        schedule: complete.
        bound: lower bound on the makespan, before anything was decided. The gap counts from it
            where no schedule of the instance has been published.
    """
    instance, found = schedule.instance, measure(schedule)
    wrong = [] if is_plainly_valid(schedule) else violations(instance, schedule.entries())
    reference = _published(instance) or bound
    on_time = 1.0 if found.on_time_share is None else found.on_time_share
    return {
        "makespan": float(found.makespan),
        "gap": 100.0 * (found.makespan / reference - 1.0) if reference else 0.0,
        "utilisation": found.utilisation,
        "utilisation_spread": found.utilisation_spread,
        "tardiness": float(found.tardiness),
        "weighted_tardiness": float(found.weighted_tardiness),
        "late_jobs": float(found.late_jobs),
        "on_time": on_time,
        "setup_time": float(found.setup_time),
        "overtime": float(found.overtime),
        "violations": float(len(wrong)),
    }


def _published(instance: Instance) -> float | None:
    """Return the best published makespan, if this is a published instance with one."""
    name = instance.description.notes.get(PUBLISHED)
    return None if name is None else float(best_known(name).upper)
