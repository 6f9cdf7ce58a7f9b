"""The measures of schedules that were worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from minute_shop import Minutes
from random_shops import valid_schedules
from small_shops import BREAK, entries, shop, work

from rlsys_jobshop.checking import measure, violations
from rlsys_jobshop.problem import Calendar, Clock, Job, Machine, Schedule, Setups, build


def schedule(instance, *rows):
    """From rows (job, operation, machines, start, end), in the order of the decisions."""
    return schedule_of(instance, entries(*rows))


def schedule_of(instance, listed):
    assert violations(instance, listed) == []
    mode, start, end, rank = np.zeros((4, instance.operations), dtype=np.int64)
    for position, entry in enumerate(listed):
        o = instance.job_first[entry.job] + entry.operation
        modes = range(instance.mode_first[o], instance.mode_first[o + 1])
        wanted = tuple(sorted(entry.machines))
        mode[o] = next(m for m in modes if instance.machines_of(m) == wanted)
        start[o], end[o], rank[o] = entry.start, entry.end, position
    return Schedule(instance, mode, start, end, rank)


def two_machines():
    """Job 0 does 3 on machine 0 and 2 on machine 1; job 1 does 4 on machine 0; idle: 4 units."""
    jobs = [
        Job((work(3, 0), work(2, 1)), release=1),
        Job((work(4, 0),)),
    ]
    instance = shop(*jobs, machines=[Machine(), Machine(type=1)], types=("drill", "mill", "saw"))
    return schedule(instance, (0, 0, 0, 1, 4), (0, 1, 1, 4, 6), (1, 0, 0, 4, 8))


def test_makespan_and_flow_time():
    measures = measure(two_machines())
    assert measures.makespan == 8
    assert measures.flow_time == (6 - 1) + (8 - 0)


def test_utilisation_of_machines_types_and_all():
    measures = measure(two_machines())
    assert measures.machine_utilisation == (7 / 8, 2 / 8)
    assert measures.type_utilisation == (7 / 8, 2 / 8, None)  # no machine is a saw
    assert measures.utilisation == 9 / 16
    assert measures.utilisation_spread == pytest.approx((7 / 8 - 2 / 8) / 2)
    assert measures.idle_time == 16 - 9


def test_without_due_dates_nothing_is_late_and_there_is_no_share():
    measures = measure(two_machines())
    assert (measures.tardiness, measures.weighted_tardiness, measures.late_jobs) == (0, 0, 0)
    assert measures.on_time_share is None
    assert measures.days_late is None


def test_tardiness_counts_from_the_due_date_and_important_jobs_count_more():
    jobs = [
        Job((work(3),), due=3),  # on time to the moment
        Job((work(3),), due=4),  # ends at 6, 2 late
        Job((work(3),), due=5, important=True),  # ends at 9, 4 late
        Job((work(3),)),  # nobody waits for it
    ]
    instance = shop(*jobs, important_weight=7)
    rows = [(job, 0, 0, 3 * job, 3 * job + 3) for job in range(4)]
    measures = measure(schedule(instance, *rows))
    assert measures.tardiness == 2 + 4
    assert measures.weighted_tardiness == 2 + 7 * 4
    assert measures.late_jobs == 2
    assert measures.on_time_share == 1 / 3


@pytest.mark.parametrize(
    ("unit", "days"), [("second", 36 / 86400), ("minute", 36 / 1440), ("hour", 1.5)]
)
def test_days_late_are_days_of_24_hours(unit, days):
    clock = Clock(datetime(2026, 3, 2, tzinfo=UTC), unit, "Europe/Berlin")
    jobs = [Job((work(40),), due=10), Job((work(6, 1),), due=0)]
    instance = shop(*jobs, machines=[Machine(), Machine()], clock=clock)
    measures = measure(schedule(instance, (0, 0, 0, 0, 40), (1, 0, 1, 0, 6)))
    assert measures.tardiness == 36
    assert measures.days_late == pytest.approx(days)


def test_closed_time_is_neither_worked_nor_idle():
    instance = shop(Job((work(5, interruptible=True),)), machines=[Machine(BREAK)])
    measures = measure(schedule(instance, (0, 0, 0, 0, 6)))
    assert measures.machine_utilisation == (1.0,)
    assert measures.idle_time == 0


def test_open_time_counts_from_when_a_machine_is_available():
    machines = [Machine(available=4), Machine(available=100), Machine(Calendar.of([(50, 60)]))]
    instance = shop(Job((work(3),)), machines=machines)
    measures = measure(schedule(instance, (0, 0, 0, 5, 8)))
    assert measures.machine_utilisation == (3 / 4, None, None)
    assert measures.utilisation == 3 / 4
    assert measures.utilisation_spread == 0
    assert measures.idle_time == 1


def test_an_open_machine_that_waits_for_a_break_of_another_is_idle():
    instance = shop(Job((work(5, 0, 1, interruptible=True),)), machines=[Machine(BREAK), Machine()])
    measures = measure(schedule(instance, (0, 0, (0, 1), 0, 6)))
    assert measures.machine_utilisation == (1.0, 5 / 6)
    assert measures.idle_time == 1


def test_setup_time_is_the_sum_over_the_sequences():
    setups = Setups(between=[[0, 2], [4, 1]], first=[3, 5])
    jobs = [Job((work(1, family=family),)) for family in (0, 1, 0)]
    machines = [Machine(setups=0)]
    instance = shop(*jobs, machines=machines, families=("a", "b"), setups=(setups,))
    rows = [(0, 0, 0, 3, 4), (1, 0, 0, 7, 8), (2, 0, 0, 12, 13)]
    measures = measure(schedule(instance, *rows))
    assert measures.setup_time == 3 + 2 + 4
    assert measures.idle_time == 1  # it waited one unit more than the setup from a to b takes
    assert measures.utilisation == 3 / 13


def test_operations_without_duration_are_set_up_in_the_order_of_their_decision():
    setups = Setups(between=[[0, 0], [4, 0]], first=[2, 5])
    jobs = [Job((work(0, family=family),)) for family in (0, 1)]
    instance = shop(*jobs, machines=[Machine(setups=0)], families=("a", "b"), setups=(setups,))
    in_order = measure(schedule(instance, (0, 0, 0, 9, 9), (1, 0, 0, 9, 9)))
    assert in_order.setup_time == 2 + 0


def test_a_schedule_that_takes_no_time_has_no_utilisation_and_no_idle_time():
    measures = measure(schedule(shop(Job((work(0),), due=0)), (0, 0, 0, 0, 0)))
    assert (measures.makespan, measures.utilisation, measures.idle_time) == (0, 0.0, 0)
    assert measures.machine_utilisation == (None,)
    assert measures.on_time_share == 1.0


@settings(max_examples=50)
@given(valid_schedules())
def test_open_time_is_worked_set_up_or_idle(case):
    description, listed = case
    measures = measure(schedule_of(build(description), listed))
    minutes = Minutes(description)
    open_time = sum(
        minutes.open_units(number, machine.available, measures.makespan)
        for number, machine in enumerate(description.machines)
    )
    worked = sum(
        mode.duration * len(mode.machines)
        for entry in listed
        for mode in description.jobs[entry.job].operations[entry.operation].modes
        if mode.machines == entry.machines
    )
    assert measures.makespan == max(entry.end for entry in listed)
    assert measures.utilisation == pytest.approx(worked / open_time if open_time else 0)
    assert measures.idle_time + measures.setup_time + worked == open_time
    assert measures.idle_time >= 0


def test_overtime_is_what_operations_use_of_it_and_setups_are_none():
    setups = Setups(between=[[0, 2], [2, 0]], first=[2, 2])
    hours = Calendar.of([(0, 20)])
    machines = [
        Machine(hours, overtime=Calendar.of([(6, 8), (10, 20)]), setups=0),
        Machine(hours, overtime=None),
    ]
    jobs = [Job((work(5, 0, family=0),)), Job((work(4, 0, 1, family=1),)), Job((work(9, 1),))]
    instance = shop(*jobs, machines=machines, families=("a", "b"), setups=(setups,))
    rows = [(0, 0, 0, 2, 7), (1, 0, (0, 1), 9, 13), (2, 0, 1, 0, 9)]
    # 6 to 7 and 10 to 13 on machine 0; machine 1 has none, and a setup is no operation.
    assert measure(schedule(instance, *rows)).overtime == 1 + 3
    assert instance.has_overtime


def test_a_machine_that_waits_for_a_break_of_another_does_no_overtime():
    machines = [Machine(BREAK), Machine(overtime=Calendar.of([(3, 6)]))]
    instance = shop(Job((work(5, 0, 1, interruptible=True),)), machines=machines)
    (opens, closes) = (int(BREAK.closes[0]), int(BREAK.opens[1]))
    measures = measure(schedule(instance, (0, 0, (0, 1), 0, 5 + closes - opens)))
    assert measures.overtime == 6 - 3 - (closes - opens)


def test_without_regular_hours_nothing_is_overtime():
    assert measure(two_machines()).overtime == 0
    assert not two_machines().instance.has_overtime
