"""Random tasksets for property tests: constrained deadlines, offsets, jitter, short execution."""

from __future__ import annotations

from hypothesis import strategies as st

from rlsys_rtos.taskset import Task, TaskSet

PERIODS = (2, 3, 4, 5, 6, 8, 10, 12)


@st.composite
def tasks(draw, periods=PERIODS, random_jobs=True):
    period = draw(st.sampled_from(periods))
    deadline = draw(st.integers(1, period))
    wcet = draw(st.integers(1, deadline))
    return Task(
        period=period,
        deadline=deadline,
        wcet=wcet,
        bcet=draw(st.integers(1, wcet)) if random_jobs else wcet,
        offset=draw(st.integers(0, 2 * period)),
        jitter=draw(st.integers(0, deadline - 1)) if random_jobs else 0,
    )


@st.composite
def tasksets(draw, most=5, periods=PERIODS, random_jobs=True, longest=60):
    chosen = draw(st.lists(tasks(periods, random_jobs), min_size=1, max_size=most))
    return TaskSet(tasks=tuple(chosen), horizon=draw(st.integers(1, longest)))
