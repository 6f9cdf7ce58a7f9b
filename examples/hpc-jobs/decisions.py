"""What a learning client sees and is paid for: the scheduling problem as observations and rewards.

An episode is a window of consecutive jobs on a cluster that is empty at first. A decision is due
when several jobs wait and none is reserved; one waiting job alone needs no decision. The
observation has a row per waiting job, so one network serves queues of every length.

**The reward** of a decision is minus the bounded slowdown of the jobs that have ended since the
last one, divided by the number of jobs of the window. A potential makes this exact: it is minus the
sum of the bounded slowdowns of the jobs that have ended, divided by the number of jobs, and every
reward is a difference of it. So the rewards of an episode add up to minus its mean bounded
slowdown, whatever the decisions are. One reward at the end would add up to the same, but a learner
would have to find out which of the decisions it was for. A job is counted when it ends, because a
real cluster does not know its run time, and so its bounded slowdown, earlier.

**Training and evaluation** use different parts of a trace: the first 70 % of its jobs and the rest.
No window reaches across.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from cluster import Job, Schedule, Simulation, bounded_slowdown
from numpy.typing import NDArray

ITEMS = 64
"""Rows of an observation: of the waiting jobs, the oldest are seen."""
FEATURES = (
    "present",
    "wait",
    "requested",
    "processors",
    "fits",
    "harmless",
    "until_start",
    "slowdown",
    "shorter",
    "position",
    "free",
    "queue",
)
"""Columns of an observation, explained in `observe`."""
DAY = 86_400.0
LENGTH = 256
"""Jobs of a window."""
TRAINING_PART = 0.7
"""Part of the jobs of a trace that training may see."""

Observation = NDArray[np.float32]
Mask = NDArray[np.bool_]


class WindowError(ValueError):
    """A trace that is too short for its windows; one line says why."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that is due.

    Attributes:
        observation: see `observe`, (ITEMS, len(FEATURES)), float32.
        mask: which rows are waiting jobs, (ITEMS,), bool.
        indices: the job of every such row.
        reward: for the time since the last decision; 0 at the first.
    """

    observation: Observation
    mask: Mask
    indices: tuple[int, ...]
    reward: float


Decide = Callable[[Decision], int]
"""Returns the row of the job to run next."""


class Episode:
    """One window of jobs as a sequence of decisions.

    Example:
        ::

            episode = Episode(window, processors)
            while (decision := episode.next()) is not None:
                episode.act(my_choice(decision))
            total = -measure(episode.schedule()).slowdown

    Args:
        jobs: of the window, sorted by submit time.
        processors: of the cluster.
        backfill: whether other jobs may start while the chosen one waits.
        kill: whether jobs are stopped at the end of their requested time.

    Attributes:
        reward: for the time since the last decision; complete once `next` has returned None.
    """

    def __init__(
        self, jobs: Sequence[Job], processors: int, *, backfill: bool = True, kill: bool = True
    ) -> None:
        self.simulation = Simulation(jobs, processors, backfill=backfill, kill=kill)
        self.reward = 0.0
        self._counted = 0

    def next(self) -> Decision | None:
        """Let time pass until a decision is due; None: the episode is over."""
        simulation = self.simulation
        while (due := simulation.needs_choice()) and len(simulation.waiting) == 1:
            simulation.choose(0)
        self.reward = self._earned()
        if not due:
            return None
        seen = simulation.waiting[:ITEMS]
        mask = np.arange(ITEMS) < len(seen)
        return Decision(observe(simulation), mask, tuple(seen), self.reward)

    def act(self, row: int) -> None:
        """Choose the job of a row.

        Raises:
            ClusterError: the row has no job, or no decision is due.
        """
        self.simulation.choose(row)

    def schedule(self) -> Schedule:
        """Return the finished schedule."""
        return self.simulation.schedule()

    def _earned(self) -> float:
        """Return the difference of the potential since the last call."""
        simulation = self.simulation
        ended = simulation.finished[self._counted :]
        self._counted += len(ended)
        return -sum(
            bounded_slowdown(
                simulation.started[index] - simulation.jobs[index].submit,
                simulation.duration(index),
            )
            for index in ended
        ) / max(len(simulation.jobs), 1)


def play(
    jobs: Sequence[Job],
    processors: int,
    decide: Decide,
    *,
    backfill: bool = True,
    kill: bool = True,
) -> tuple[Schedule, float]:
    """Return the schedule that the decisions lead to, and the sum of the rewards."""
    episode = Episode(jobs, processors, backfill=backfill, kill=kill)
    total = 0.0
    while (decision := episode.next()) is not None:
        total += decision.reward
        episode.act(decide(decision))
    return episode.schedule(), total + episode.reward


def observe(simulation: Simulation) -> Observation:
    """Return the observation, (ITEMS, len(FEATURES)); rows without a job are 0.

    All values lie in 0..1, and none depends on a run time that is not over. The columns:

    * present: 1.
    * wait: time since submission. Times are logarithms; 1 is a week or more.
    * requested: requested time.
    * processors: share of the cluster that the job takes.
    * fits: 1 if it can start now.
    * harmless: 1 if it can start now and the oldest waiting job loses nothing by it, going by the
      requested times. These are the jobs that EASY would backfill.
    * until_start: time until enough processors are free, going by the requested times.
    * slowdown: logarithm of the bounded slowdown that it has reached if it starts now and takes its
      requested time; 1 is a thousand or more.
    * shorter: share of the jobs seen that request less time.
    * position: place in the order of arrival.
    * free: share of the cluster that is free (the same in every row).
    * queue: logarithm of the number of waiting jobs (the same in every row); 1 is a thousand or
      more.
    """
    jobs = [simulation.jobs[index] for index in simulation.waiting[:ITEMS]]
    observation = np.zeros((ITEMS, len(FEATURES)), np.float32)
    if not jobs:
        return observation
    now, size = simulation.now, simulation.processors
    requested = [job.requested for job in jobs]
    ordered = sorted(requested)
    shadow, extra = simulation.earliest(jobs[0].processors)
    starts = _until_start(simulation, [job.processors for job in jobs])
    rows = np.array(
        [
            (
                now - job.submit,
                job.requested,
                job.processors,
                job.processors <= simulation.free,
                _is_harmless(job, simulation, shadow, extra) or place == 0,
                bounded_slowdown(now - job.submit, job.requested),
                bisect_left(ordered, job.requested),
            )
            for place, job in enumerate(jobs)
        ]
    )
    wait, request, processors, fits, harmless, slowdown, shorter = rows.T
    count = len(jobs)
    columns = (
        np.ones(count),
        _log_time(wait),
        _log_time(request),
        processors / size,
        fits,
        fits * harmless,
        _log_time(starts),
        np.log10(slowdown) / 3,
        shorter / count,
        np.arange(count) / ITEMS,
        np.full(count, simulation.free / size),
        np.full(count, np.log10(len(simulation.waiting)) / 3),
    )
    observation[:count] = np.minimum(np.column_stack(columns), 1.0)
    return observation


def episodes(jobs: Sequence[Job], length: int = LENGTH, seed: int = 0) -> Iterator[tuple[Job, ...]]:
    """Yield windows for training without end: anywhere in the first part of the trace.

    The times of a window count from its first job. Equal seeds give equal windows.

    Raises:
        WindowError: the part is shorter than a window.
    """
    last = _cut(jobs) - length
    if length < 1 or last < 0:
        raise _too_short(jobs, "first", _cut(jobs), length)
    return _draw(jobs, length, last, seed)


def evaluation_windows(
    jobs: Sequence[Job], length: int = LENGTH, windows: int = 50, seed: int = 0
) -> tuple[tuple[Job, ...], ...]:
    """Return windows for evaluation, from the rest of the trace, in the order of time.

    If there is room, they are pieces that do not overlap, drawn with `seed`. Otherwise they are
    spread evenly and overlap; `independent_windows` says how many would fit.

    Raises:
        WindowError: the part is shorter than a window.
    """
    first, room = _cut(jobs), independent_windows(jobs, length)
    if length < 1 or room < 1:
        raise _too_short(jobs, "last", len(jobs) - first, length)
    if windows <= room:
        chosen = np.random.default_rng(seed).choice(room, windows, replace=False)
        starts = first + np.sort(chosen) * length
    else:
        starts = np.linspace(first, len(jobs) - length, windows).round().astype(np.int64)
    return tuple(_window(jobs, int(start), length) for start in starts)


def independent_windows(jobs: Sequence[Job], length: int = LENGTH) -> int:
    """Return how many windows the evaluation part holds without overlap."""
    return (len(jobs) - _cut(jobs)) // length if length > 0 else 0


def _draw(jobs: Sequence[Job], length: int, last: int, seed: int) -> Iterator[tuple[Job, ...]]:
    rng = np.random.default_rng(seed)
    while True:
        yield _window(jobs, int(rng.integers(last + 1)), length)


def _window(jobs: Sequence[Job], start: int, length: int) -> tuple[Job, ...]:
    begin = jobs[start].submit
    return tuple(replace(job, submit=job.submit - begin) for job in jobs[start : start + length])


def _cut(jobs: Sequence[Job]) -> int:
    return int(len(jobs) * TRAINING_PART)


def _too_short(jobs: Sequence[Job], part: str, size: int, length: int) -> WindowError:
    return WindowError(
        f"the {part} part of the trace has {size} of its {len(jobs)} jobs; "
        f"a window of {length} jobs must have between 1 and {size}"
    )


def _log_time(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = np.log1p(seconds) / np.log1p(7 * DAY)
    return scaled


def _is_harmless(job: Job, simulation: Simulation, shadow: float, extra: int) -> bool:
    """Whether the oldest job keeps its earliest start if this one starts now."""
    return simulation.now + job.requested <= shadow or job.processors <= extra


def _until_start(simulation: Simulation, processors: list[int]) -> NDArray[np.float64]:
    """Return the time until so many processors are free, for all of them at once."""
    now = simulation.now
    held = [simulation.jobs[index].processors for _, index in simulation.running]
    ends = np.array([now] + [max(end, now) for end, _ in simulation.running])
    free = np.cumsum([simulation.free, *held])
    starts: NDArray[np.float64] = ends[np.searchsorted(free, processors)] - now
    return starts
