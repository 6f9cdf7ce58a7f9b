"""Weekly hours are laid out far enough, and calendars that run out are named."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlsys_jobshop.problem import Instance

HOURS = [
    '{mon-fri: "06:00-14:00"}',
    '{sun-thu: "22:00-05:00"}',
    '{wed: "08:00-16:00"}',
    '{mon-fri: ["06:00-12:00", "13:00-22:00"], sat: "06:00-09:00"}',
]
FAMILIES = ["a", "b"]


def text_of(shop: random.Random, jobs: int) -> str:
    """Return a random shop with an hour as its unit."""
    calendars = "".join(
        f"- {{name: c{number}, hours: {hours}}}\n" for number, hours in enumerate(HOURS)
    )
    machines = "".join(
        f"- {{name: m{number}, calendar: c{shop.randrange(4)}, setups: t}}\n" for number in range(3)
    )
    rows = "".join(
        "- operations:\n"
        + "".join(
            f"  - {{machine: m{shop.randrange(3)}, duration: {shop.randint(0, 7)}, "
            f"family: {shop.choice(FAMILIES)}, interruptible: {shop.random() < 0.5}}}\n".lower()
            for _ in range(shop.randint(1, 4))
        )
        for _ in range(jobs)
    )
    return (
        "time_zone: Europe/Berlin\nstart: 2026-03-23T06:00\nunit: hour\nfamilies: [a, b]\n"
        "setups: [{name: t, otherwise: 5, first: {a: 9, b: 2}, between: {a: {b: 11}}}]\n"
        f"calendars:\n{calendars}machines:\n{machines}jobs:\n{rows}"
    )


def dispatched(instance: Instance, shop: random.Random) -> list[int]:
    """Return the ends of operations that are done in a random order, counted hour by hour."""
    given_ = instance.description
    calendars = [machine.calendar for machine in given_.machines]
    last = max(calendar.end for calendar in calendars)
    opened = [
        {t for a, b in zip(c.opens, c.closes, strict=True) for t in range(a, b)} for c in calendars
    ]
    job_ready, at = [0] * instance.jobs, [0] * instance.jobs
    free, state = [0] * instance.machines, [0] * instance.machines
    ends = []
    while left := [j for j in range(instance.jobs) if at[j] < len(given_.jobs[j].operations)]:
        job = shop.choice(left)
        step = given_.jobs[job].operations[at[job]]
        machine, duration = step.modes[0].machines[0], step.modes[0].duration
        setup = int(instance.setups[1, state[machine], step.family])
        start = free[machine]
        while setup > 0:
            assert start <= last, "the calendar runs out in a setup"
            setup -= start in opened[machine]
            start += 1
        start = max(start, job_ready[job])
        end = None
        while end is None:
            assert start <= last, "the calendar runs out"
            hours = range(start, start + duration)
            if start in opened[machine] and all(t in opened[machine] for t in hours):
                end = start + duration
            elif start in opened[machine] and step.interruptible:
                end, work = start, duration
                while work > 0:
                    assert end <= last, "the calendar runs out in an operation"
                    work -= end in opened[machine]
                    end += 1
            else:
                start += 1
        job_ready[job] = free[machine] = end
        state[machine] = 1 + step.family
        at[job] += 1
        ends.append(end)
    return ends


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(shop=st.randoms(use_true_random=False), jobs=st.integers(1, 5))
def test_operations_fit_in_whatever_order_they_are_done(
    read: Any, shop: random.Random, jobs: int
) -> None:
    instance = read(text_of(shop, jobs), "shop.yaml")
    assert dispatched(instance, shop)


def test_long_work_has_long_calendars(read: Any) -> None:
    text = text_of(random.Random(1), 1).split("jobs:")[0]
    text += "jobs: [{operations: [{machine: m0, duration: 30000, interruptible: true, family: a}]}]"
    calendar = read(text, "shop.yaml").description.machines[0].calendar
    assert int((calendar.closes - calendar.opens).sum()) > 2 * 30000


HEAD = "time_zone: Europe/Berlin\nstart: 2026-03-23T06:00\nmachines: [{name: M, calendar: c}]\n"
JOB = "jobs: [{operations: [{machine: M, duration: %s, interruptible: true}]}]\n"


@pytest.mark.parametrize(
    ("calendar", "duration", "said"),
    [
        (
            'extra: ["2026-03-28 06:00 to 12:00"]',
            "361",
            "machine M: calendar: it is open for 360 units in all, but its operations need 361",
        ),
        ("windows: [[0, 10], [20, 30]]", "21", "machine M: calendar: it is open for 20 units"),
        (
            'hours: {mon: "06:00-06:01"}',
            "9999",
            "machine M: all operations one after another take more than 100 years",
        ),
        ('hours: {mon: "06:00-07:00"}', "9000000h", "take more than 100 years"),
    ],
)
def test_a_calendar_that_runs_out_names_its_machine(
    refused: Any, calendar: str, duration: str, said: str
) -> None:
    text = HEAD + f"calendars: [{{name: c, {calendar}}}]\n" + JOB % duration
    assert said in refused(text, "shop.yaml")


def test_a_date_in_a_thousand_years_is_refused(refused: Any) -> None:
    text = HEAD + 'calendars: [{name: c, hours: {daily: "00:00-24:00"}}]\n' + JOB % "9e11"
    assert "all operations one after another take more than 100 years" in refused(text, "a.yaml")
