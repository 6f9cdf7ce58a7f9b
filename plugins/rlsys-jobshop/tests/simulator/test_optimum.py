"""Active choices reach an optimal schedule of every classic job shop."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import given, settings
from schedule_play import classic_shops, roomy


def optimum(instance):
    """The best makespan over all orders in which operations can be appended, one by one."""
    jobs = [
        [
            (instance.machines_of(int(instance.mode_first[o]))[0], int(instance.duration[o]))
            for o in range(instance.job_first[job], instance.job_first[job + 1])
        ]
        for job in range(instance.jobs)
    ]

    @cache
    def best(done, ready, free):
        ends = [
            best(
                (*done[:job], done[job] + 1, *done[job + 1 :]),
                (*ready[:job], end, *ready[job + 1 :]),
                (*free[:machine], end, *free[machine + 1 :]),
            )
            for job, count in enumerate(done)
            if count < len(jobs[job])
            for machine, duration in [jobs[job][count]]
            for end in [max(ready[job], free[machine]) + duration]
        ]
        return min(ends) if ends else max(ready)

    return best((0,) * len(jobs), (0,) * len(jobs), (0,) * instance.machines)


def best_of_all_choices(instance, kind):
    """The best makespan that any sequence of choices leads to."""
    simulator, prefixes, best = roomy([instance], kind), [()], None
    seen = set()
    while prefixes:
        choices = prefixes.pop()
        simulator.restart(np.array([0]))
        for choice in choices:
            simulator.step(np.array([choice]))
        schedule = simulator.schedule(0)
        # The same starts lead to the same future.
        state = tuple(zip(schedule.mode.tolist(), schedule.start.tolist(), strict=True))
        state = tuple(one for one in enumerate(state) if one[1][0] >= 0)
        if state in seen:
            continue
        seen.add(state)
        if simulator.count[0] == 0:
            best = min(best or schedule.makespan, schedule.makespan)
        prefixes += [(*choices, choice) for choice in range(simulator.count[0])]
    return best


@settings(max_examples=25)
@given(classic_shops(least=0, most=5, jobs=3, operations=3))
def test_some_active_schedule_is_optimal(instance):
    assert best_of_all_choices(instance, "active") == optimum(instance)


@settings(max_examples=10)
@given(classic_shops(least=0, most=5, jobs=3, operations=2))
def test_some_schedule_of_all_choices_is_optimal(instance):
    assert best_of_all_choices(instance, "all") == optimum(instance)
