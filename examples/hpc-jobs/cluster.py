"""A cluster that runs rigid batch jobs, and the one question that a scheduler has to answer.

Every scheduler here, classical or learned, answers the same question: which waiting job is next? A
job that fits starts at once. A job that does not fit becomes *reserved*: it gets the earliest start
that the requested times of the running jobs allow, and no further question is asked until it has
started. With backfilling, other jobs may start in the meantime if they do not delay it, which is
the EASY rule:

* D. Lifka, "The ANL/IBM SP scheduling system", JSSPP 1995.
* A. W. Mu'alem and D. G. Feitelson, "Utilization, predictability, workloads, and user runtime
  estimates in scheduling the IBM SP2 with backfilling", IEEE TPDS 12(6), 2001.

Jobs keep all their processors from start to end. All processors are alike. Times are in seconds.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

THRESHOLD = 10.0
"""Seconds below which a run time does not count as shorter in the bounded slowdown."""


class ClusterError(ValueError):
    """A job or a choice that the cluster cannot accept; one line says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """A rigid job.

    Attributes:
        number: its name in messages.
        submit: when it arrives.
        run: how long it runs if nobody stops it; a scheduler must not look at this.
        requested: how long its user says that it will run.
        processors: how many it holds while it runs.
    """

    number: int
    submit: float
    run: float
    requested: float
    processors: int


class Placement(NamedTuple):
    """One execution: position of the job in the list, start, end."""

    job: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """What happened to a list of jobs.

    Attributes:
        jobs: in the order in which they were submitted.
        processors: of the cluster.
        placements: in the order in which the jobs started.
        promises: for every job that was reserved, the start that it was first promised.
        kill: whether jobs were stopped at the end of their requested time.
    """

    jobs: tuple[Job, ...]
    processors: int
    placements: tuple[Placement, ...]
    promises: dict[int, float]
    kill: bool


@dataclass(frozen=True, slots=True)
class Reservation:
    """The promise to the reserved job.

    Attributes:
        index: of the job.
        shadow: its earliest start if every running job takes all of its requested time.
        extra: processors that it will leave free at that moment.
    """

    index: int
    shadow: float
    extra: int


Policy = Callable[["Simulation"], int]
"""Returns a position in `Simulation.waiting`."""
Order = Callable[["Simulation", Job], float]
"""The job with the lowest value goes first."""


class Simulation:
    """Runs a list of jobs and stops wherever a choice is due.

    Example:
        ::

            simulation = Simulation(jobs, 256)
            while simulation.needs_choice():
                simulation.choose(0)  # the oldest waiting job: first come, first served
            schedule = simulation.schedule()

    Attributes:
        now: the time.
        free: processors that run nothing.
        waiting: indices of the jobs that wait and are not reserved, the oldest first.
        running: (expected end, index) of the running jobs, sorted.
        finished: indices of the jobs that have ended, in this order.
        started: start by index of the jobs that have started.

    Args:
        jobs: sorted by submit time.
        processors: of the cluster.
        backfill: whether jobs may start before the reserved one.
        kill: whether a job is stopped at the end of its requested time. If not, a job that
            overruns is expected to end any moment, and promises may be broken.
        order: which jobs are tried first for backfilling; None: the oldest.

    Raises:
        ClusterError: a job is not possible.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        processors: int,
        *,
        backfill: bool = True,
        kill: bool = True,
        order: Order | None = None,
    ) -> None:
        self.jobs = tuple(jobs)
        self.processors = processors
        _check(self.jobs, processors)
        self.backfill = backfill
        self.kill = kill
        self._order = order
        self.now = self.jobs[0].submit if self.jobs else 0.0
        self.free = processors
        self.waiting: list[int] = []
        self.running: list[tuple[float, int]] = []
        self.started: dict[int, float] = {}
        self.finished: list[int] = []
        self.reservation: Reservation | None = None
        self._next_arrival = 0
        self._ends: list[tuple[float, int]] = []
        self._promises: dict[int, float] = {}

    def needs_choice(self) -> bool:
        """Let time pass until a job must be chosen; False: all jobs have ended."""
        while self.reservation is not None or not self.waiting:
            if not self._ends and self._next_arrival == len(self.jobs):
                return False
            self._pass_time()
        return True

    def choose(self, position: int) -> None:
        """Make the job at this position of `waiting` the next one.

        Raises:
            ClusterError: no choice is due, or there is no such position.
        """
        if self.reservation is not None or not 0 <= position < len(self.waiting):
            raise ClusterError(
                f"position {position} cannot be chosen: {len(self.waiting)} jobs are waiting"
                + (", and one is reserved" if self.reservation else "")
            )
        index = self.waiting.pop(position)
        if self.jobs[index].processors <= self.free:
            self._start(index)
            return
        self._reserve(index)
        self._promises[index] = self._reserved().shadow
        if self.backfill:
            self._fill(self.waiting)

    def schedule(self) -> Schedule:
        """Return what has happened.

        Raises:
            ClusterError: some jobs have not ended.
        """
        if len(self.finished) < len(self.jobs):
            raise ClusterError(f"{len(self.jobs) - len(self.finished)} jobs have not ended")
        placements = tuple(
            Placement(index, start, start + self.duration(index))
            for index, start in self.started.items()
        )
        return Schedule(self.jobs, self.processors, placements, self._promises, self.kill)

    def duration(self, index: int) -> float:
        """How long a job really runs here."""
        return duration(self.jobs[index], self.kill)

    def earliest(self, processors: int) -> tuple[float, int]:
        """When so many processors will be free, and how many more there will be then.

        The running jobs are expected to take all of their requested time. Whoever ends at that
        very moment counts as free.
        """
        free = self.free
        when = self.now
        for end, index in self.running:
            if free >= processors and end > when:
                break
            free += self.jobs[index].processors
            when = max(end, when)  # whoever has overrun may end now
        return when, free - processors

    def _pass_time(self) -> None:
        """Go to the next arrivals or ends, all of one moment together."""
        now = self._ends[0][0] if self._ends else float("inf")
        if self._next_arrival < len(self.jobs):
            now = min(now, self.jobs[self._next_arrival].submit)
        self.now = now
        ended = False
        while self._ends and self._ends[0][0] == now:
            self._end(heappop(self._ends)[1])
            ended = True
        arrived: list[int] = []
        while self._next_arrival < len(self.jobs):
            if self.jobs[self._next_arrival].submit > now:
                break
            arrived.append(self._next_arrival)
            self._next_arrival += 1
        self.waiting.extend(arrived)
        if self.reservation is not None:
            self._serve(ended, arrived)

    def _serve(self, ended: bool, arrived: list[int]) -> None:
        """Start the reserved job if it fits now, otherwise try to backfill."""
        index = self._reserved().index
        if self.jobs[index].processors <= self.free:
            self.reservation = None
            self._start(index)
            return
        if ended or not self.kill:
            self._reserve(index)
            candidates = self.waiting
        else:
            # Nothing has ended, so who did not fit before does not fit now.
            candidates = arrived
        if self.backfill and self.free:
            self._fill(candidates)

    def _reserve(self, index: int) -> None:
        self.reservation = Reservation(index, *self.earliest(self.jobs[index].processors))

    def _reserved(self) -> Reservation:
        assert self.reservation is not None
        return self.reservation

    def _fill(self, candidates: list[int]) -> None:
        """Start every candidate that fits and does not delay the reserved job."""
        fitting = [index for index in candidates if self.jobs[index].processors <= self.free]
        if self._order is not None:
            order = self._order
            fitting.sort(key=lambda index: order(self, self.jobs[index]))
        begun = set()
        for index in fitting:
            job = self.jobs[index]
            reserved = self._reserved()
            if job.processors > self.free:
                continue
            if self.now + job.requested > reserved.shadow:
                if job.processors > reserved.extra:
                    continue
                left = reserved.extra - job.processors
                self.reservation = Reservation(reserved.index, reserved.shadow, left)
            begun.add(index)
            self._start(index)
            if not self.free:
                break
        if begun:
            self.waiting = [index for index in self.waiting if index not in begun]

    def _start(self, index: int) -> None:
        job = self.jobs[index]
        self.started[index] = self.now
        self.free -= job.processors
        insort(self.running, (self.now + job.requested, index))
        heappush(self._ends, (self.now + self.duration(index), index))

    def _end(self, index: int) -> None:
        job = self.jobs[index]
        self.free += job.processors
        self.running.remove((self.started[index] + job.requested, index))
        self.finished.append(index)


def duration(job: Job, kill: bool) -> float:
    """How long a job runs: at most the requested time if jobs are stopped then."""
    return min(job.run, job.requested) if kill else job.run


def simulate(
    jobs: Sequence[Job],
    processors: int,
    policy: Policy,
    *,
    backfill: bool = True,
    kill: bool = True,
    order: Order | None = None,
) -> Schedule:
    """Run all jobs under a policy; the arguments are those of `Simulation`."""
    simulation = Simulation(jobs, processors, backfill=backfill, kill=kill, order=order)
    while simulation.needs_choice():
        simulation.choose(policy(simulation))
    return simulation.schedule()


@dataclass(frozen=True, slots=True)
class Metrics:
    """How good a schedule is.

    Attributes:
        slowdown: mean bounded slowdown, 1 or more.
        mean_wait: in seconds.
        max_wait: in seconds.
        utilisation: used share of the processors between the first submission and the last end.
        makespan: from the first submission to the last end, in seconds.
    """

    slowdown: float
    mean_wait: float
    max_wait: float
    utilisation: float
    makespan: float


def bounded_slowdown(wait: float, run: float) -> float:
    """Return how many times longer a job took than it ran; very short runs count as 10 s.

    Source: D. G. Feitelson and L. Rudolph, "Metrics and benchmarking for parallel job
    scheduling", JSSPP 1998.
    """
    return max(1.0, (wait + run) / max(run, THRESHOLD))


def measure(schedule: Schedule) -> Metrics:
    """Return the metrics of a schedule of one job or more."""
    jobs = schedule.jobs
    waits = [start - jobs[index].submit for index, start, _ in schedule.placements]
    runs = [end - start for _, start, end in schedule.placements]
    begin = min(job.submit for job in jobs)
    makespan = max(end for _, _, end in schedule.placements) - begin
    area = sum(jobs[index].processors * (end - start) for index, start, end in schedule.placements)
    return Metrics(
        slowdown=sum(map(bounded_slowdown, waits, runs)) / len(jobs),
        mean_wait=sum(waits) / len(jobs),
        max_wait=max(waits),
        utilisation=area / (schedule.processors * makespan) if makespan else 0.0,
        makespan=makespan,
    )


def violations(schedule: Schedule) -> list[str]:
    """Return everything that is wrong with a schedule; nothing is taken from the simulation."""
    jobs = schedule.jobs
    found = []
    changes: list[tuple[float, int, int]] = []
    for index, start, end in schedule.placements:
        job = jobs[index]
        if start < job.submit:
            found.append(f"job {job.number} starts at {start:g}, before {job.submit:g}")
        if end != start + duration(job, schedule.kill):
            found.append(f"job {job.number} runs from {start:g} to {end:g}, not in one piece")
        if end > start:
            changes += [(start, 1, job.processors), (end, 0, -job.processors)]
    runs = Counter(index for index, _, _ in schedule.placements)
    for index, job in enumerate(jobs):
        if runs[index] != 1:
            found.append(f"job {job.number} runs {runs[index]} times")
    used = 0
    for time, _, processors in sorted(changes):  # at one moment, ends come first
        used += processors
        if used > schedule.processors:
            found.append(f"{used} of {schedule.processors} processors are used at {time:g}")
    return found


def _check(jobs: tuple[Job, ...], processors: int) -> None:
    if processors < 1:
        raise ClusterError(f"a cluster needs 1 processor or more, not {processors}")
    last = float("-inf")
    for job in jobs:
        if not 1 <= job.processors <= processors:
            raise ClusterError(
                f"job {job.number} needs {job.processors} processors; must be in 1..{processors}"
            )
        for name, value in (("run", job.run), ("requested", job.requested)):
            if not 0 <= value < float("inf"):
                raise ClusterError(
                    f"job {job.number}: the {name} time must be 0 or more, not {value}"
                )
        if not last <= job.submit < float("inf"):
            raise ClusterError(f"job {job.number} is not in the order of the submit times")
        last = job.submit
