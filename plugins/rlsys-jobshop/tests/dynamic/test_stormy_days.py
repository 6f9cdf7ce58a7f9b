"""Days on which machines break all the time, so that many attempts are lost."""

from __future__ import annotations

import numpy as np
import pytest
from minute_shop import broken_rules
from planning import at_random

from rlsys_jobshop.dynamic import JobArrives, JobCancelled, MachineBreaks, simulate
from rlsys_jobshop.problem import (
    Calendar,
    Description,
    Job,
    Machine,
    Mode,
    Operation,
    Setups,
    build,
)


def stormy_day(seed):
    """Six jobs, of which three arrive, on three machines with setups that break every few units."""
    generator = np.random.default_rng(seed)

    def number(low, high):
        return int(generator.integers(low, high, endpoint=True))

    def operation():
        sets = generator.permutation(4)[: number(1, 2)].tolist()
        return Operation(
            tuple(Mode(number(0, 6), ((0,), (1,), (2,), (0, 2))[chosen]) for chosen in sets),
            interruptible=bool(number(0, 1)),
            family=number(0, 1),
        )

    jobs = [
        Job(tuple(operation() for _ in range(number(1, 3))), due=number(20, 40)) for _ in range(6)
    ]
    hours = [Calendar.always(), Calendar.of([(0, 7), (9, 20), (21, 299)])]
    machines = [Machine(calendar=hours[number(0, 1)], setups=0) for _ in range(3)]
    times = Setups([[number(0, 3) for _ in range(2)] for _ in range(2)], [number(0, 3), 1])
    shop = Description("storm", tuple(jobs[:3]), tuple(machines), (), ("a", "b"), (times,))
    breaks = [(number(0, 40), number(0, 2), number(1, 4)) for _ in range(12)]
    events = [MachineBreaks(time, machine, time + long) for time, machine, long in breaks]
    events += [JobArrives(number(0, 15), job) for job in jobs[3:]]
    events.append(JobCancelled(number(0, 20), number(0, 2)))
    return shop, events


@pytest.mark.parametrize("seed", range(25))
def test_a_stormy_day_keeps_the_rules_played_unit_by_unit(seed):
    shop, events = stormy_day(seed)
    schedule = simulate(build(shop), events, at_random(seed)).record.schedule
    assert broken_rules(schedule.instance.description, schedule.entries()) == set()


@pytest.mark.parametrize("seed", range(25))
def test_what_comes_later_on_a_stormy_day_changes_nothing_before(seed):
    shop, events = stormy_day(seed)
    whole = simulate(build(shop), events, at_random(seed)).record
    for until in range(0, 30, 3):
        early = [event for event in events if event.time < until]
        cut = simulate(build(shop), early, at_random(seed)).record
        begun, as_before = (
            {
                (e.job, e.operation, e.machines, e.start)
                for e in (*record.entries, *record.lost)
                if e.start < until
            }
            for record in (whole, cut)
        )
        assert begun == as_before


def test_attempts_are_lost_and_setups_are_under_way_on_stormy_days():
    lost, setups = 0, 0
    for seed in range(25):
        shop, events = stormy_day(seed)
        outcome = simulate(build(shop), events, at_random(seed))
        lost += len(outcome.record.lost)
        setups += sum(bool(plan.residual.situation.setting_up) for plan in outcome.plans)
    assert lost >= 25
    assert setups >= 25
