"""What the past of a day contributes to its goals, whatever is planned now."""

from __future__ import annotations

from rlsys_jobshop.dynamic.situation import Situation


def latest_end(situation: Situation) -> int:
    """Return when all that has begun has ended; 0 if nothing has."""
    return max((entry.end for entry in (*situation.begun, *situation.lost)), default=0)


def tardiness(situation: Situation) -> int:
    """Return the weighted tardiness of the jobs of which every operation has begun."""
    known, total = situation.known, 0
    for number, job in enumerate(known.jobs):
        if job.due is not None and situation.progress[number] == len(job.operations):
            weight = known.important_weight if job.important else 1
            total += weight * max(0, situation.ready[number] - job.due)
    return total
