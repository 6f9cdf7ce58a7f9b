"""A second simulator, second by second and by brute force, and draws of small workloads for both.

Nothing here is shared with the example but the jobs. Backfilling is written as the promise it
keeps: a job may start early if the reserved job's earliest start, found by trying every second, is
as early with it as without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cluster import Job
from hypothesis import strategies as st


def tick_starts(
    jobs: Sequence[Job],
    processors: int,
    *,
    backfill: bool,
    kill: bool = True,
    key: Callable[[Job, int], float] = lambda job, _now: job.submit,
) -> list[int]:
    """Return the start of every job; times are whole and run times 1 s or more.

    Every second is tried. Only if jobs may overrun, a second in which nothing happens is left out:
    a job becomes overdue without any event, and a scheduler acts on events.
    """
    started: dict[int, int] = {}
    waiting: list[int] = []
    reserved = None

    def runs(index: int) -> float:
        job = jobs[index]
        return min(job.run, job.requested) if kill else job.run

    def free(now: int) -> int:
        held = (jobs[i].processors for i, s in started.items() if s <= now < s + runs(i))
        return processors - sum(held)

    def expected(start: int, now: int, head: int, more: Sequence[int] = ()) -> int:
        """The first second from `start` on at which the head job is expected to fit."""
        running = [(i, s) for i, s in started.items() if s <= now < s + runs(i)]
        running += [(i, now) for i in more]
        while True:
            held = sum(jobs[i].processors for i, s in running if s + jobs[i].requested > start)
            if processors - held >= jobs[head].processors:
                return start
            start += 1

    now = 0
    while len(started) < len(jobs):
        waiting += [i for i, job in enumerate(jobs) if job.submit == now]
        happens = any(job.submit == now for job in jobs)
        happens |= any(s + runs(i) == now for i, s in started.items())
        if not (happens or kill):
            now += 1
            continue
        while reserved is not None or waiting:
            if reserved is None:
                reserved = min(waiting, key=lambda i: (key(jobs[i], now), i))
                waiting.remove(reserved)
            if jobs[reserved].processors <= free(now):
                started[reserved] = now
                reserved = None
                continue
            for i in sorted(waiting, key=lambda i: (key(jobs[i], now), i)) if backfill else []:
                head = reserved
                fits = jobs[i].processors <= free(now)
                if fits and expected(now, now, head, [i]) == expected(now, now, head):
                    started[i] = now
                    waiting.remove(i)
            break
        now += 1
    return [started[i] for i in range(len(jobs))]


@st.composite
def workloads(
    draw: st.DrawFn, most_jobs: int = 9, shortest: int = 1, honest: bool = False
) -> tuple[list[Job], int]:
    """Draw jobs and a number of processors."""
    processors = draw(st.integers(1, 8))
    jobs = []
    submit = 0
    for number in range(1, draw(st.integers(1, most_jobs)) + 1):
        submit += draw(st.integers(0, 4))
        run = draw(st.integers(shortest, 9))
        requested = draw(st.integers(run if honest else shortest, 9))
        jobs.append(Job(number, submit, run, requested, draw(st.integers(1, processors))))
    return jobs, processors
