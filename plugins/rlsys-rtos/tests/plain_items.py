"""The features of `items` in plain Python over a `PlainRtosEnv`, written from their definitions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass
class Entry:
    """A job of the candidate schedule; times are relative to now."""

    task: int
    ready: bool
    due: int
    work: int
    value: int
    kept: bool = True


def entries(env):
    """Ready jobs, and future jobs due by the latest ready deadline, in deadline order."""
    end = env.horizon - env.now
    ready = [
        (i, True, job.due - env.now, env.tasks[i].wcet - job.executed)
        for i, job in enumerate(env.active)
        if job is not None
    ]
    latest = max((deadline for _, _, deadline, _ in ready), default=0)
    coming = [
        (i, False, k * task.period + task.offset + task.deadline - env.now, task.wcet)
        for i, task in enumerate(env.tasks)
        for k in range(env.released[i], env.horizon)
        if k * task.period + task.offset < env.horizon
    ]
    listed = ready + [job for job in coming if job[2] <= latest]
    listed.sort(
        key=lambda job: (min(job[2], end), not job[1], job[1] and job[0] != env.last, job[0])
    )
    return [
        Entry(task, is_ready, min(deadline, end), work, 3 if deadline <= end else 1)
        for task, is_ready, deadline, work in listed
    ]


def shed(listed):
    """While the jobs up to one exceed its deadline, drop the one with least value density."""
    for stop in range(1, len(listed) + 1):
        while sum(e.work for e in listed[:stop] if e.kept) > listed[stop - 1].due:
            kept = [e for e in listed[:stop] if e.kept]
            least = min(Fraction(e.value, e.work) for e in kept)
            [e for e in kept if Fraction(e.value, e.work) == least][-1].kept = False


def slacks(listed):
    """Deadline minus the kept work by then; infinite for a job that is not kept."""
    return [
        e.due - sum(other.work for other in listed[: place + 1] if other.kept)
        if e.kept
        else math.inf
        for place, e in enumerate(listed)
    ]


def features(env):
    """Return one row per task."""
    longest = max(task.deadline for task in env.tasks)
    listed = entries(env)
    shed(listed)
    slack = slacks(listed)
    first = next((e.task for e in listed if e.kept and e.ready), None)

    def clip(x, low=-1.0):
        return max(low, min(1.0, x))

    rows = []
    for i, (task, job) in enumerate(zip(env.tasks, env.active, strict=True)):
        arrival = task.offset + env.released[i] * task.period
        row = [
            1.0,
            task.wcet / task.period,
            clip(task.period / longest),
            clip((arrival - env.now) / longest, 0.0),
            float(env.last == i),
            clip((env.horizon - env.now) / longest),
            clip(min(slack, default=math.inf) / longest),
        ]
        if job is None:
            rows.append(row + [0.0] * 14)
            continue
        place, own = next((p, e) for p, e in enumerate(listed) if e.ready and e.task == i)
        demand = sum(e.work for e in listed if e.due <= own.due)
        before = min(slack[:place], default=math.inf)
        row += [
            1.0,
            own.work / task.wcet,
            own.work / longest,
            1 / own.work,
            own.due / longest,
            clip((own.due - own.work) / longest),
            clip((own.due - own.work) / (4 * own.work)),
            float(own.value == 3),
            clip((own.due - demand) / longest),
            float(own.kept),
            float(first == i),
            clip(before / longest),
            # With no job before it, a job has twice the longest deadline: more than it needs.
            clip((min(before, 2 * longest) - own.work) / longest),
            clip(min(slack[place:]) / longest),
        ]
        rows.append(row)
    return rows
