"""How a day is drawn: reproducible, in every kind of shop, with the rates that are set."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest
import yaml
from planning import first_fit
from pydantic import ValidationError

from rlsys_jobshop.dynamic import JobArrives, JobCancelled, MachineBreaks, simulate
from rlsys_jobshop.dynamic.day import draw_day
from rlsys_jobshop.dynamic.shop import DynamicShop
from rlsys_jobshop.instances import classic, factory
from rlsys_jobshop.problem import build
from rlsys_jobshop.rules import dispatch, rule_named

QUIET = DynamicShop(arriving=0.0, breakdowns=0.0, cancelled=0.0)
LA16 = classic("la16")
TOY = build(factory("toy", np.random.default_rng(1)))


def of_kind(day, kind):
    return [event for event in day.events if isinstance(event, kind)]


def test_the_same_arguments_give_the_same_day_and_others_another():
    day = draw_day(LA16, DynamicShop(), 3)
    again = draw_day(LA16, DynamicShop(), 3)
    assert day.events == again.events
    assert day.instance.description == again.instance.description
    assert day.events != draw_day(LA16, DynamicShop(), 4).events
    assert day.events != draw_day(LA16, DynamicShop(seed=1), 3).events


def test_without_events_the_day_is_the_instance():
    day = draw_day(LA16, QUIET, 0)
    assert day.events == ()
    assert day.instance.description == LA16.description


@pytest.mark.parametrize("instance", [LA16, TOY], ids=["classic", "factory"])
@pytest.mark.parametrize("arriving", [0.0, 0.5, 1.0])
def test_every_job_is_there_at_the_start_or_arrives_once(instance, arriving):
    day = draw_day(instance, DynamicShop(arriving=arriving), 5)
    here, late = day.instance.description.jobs, [e.job for e in of_kind(day, JobArrives)]
    assert len(late) == min(int(arriving * instance.jobs), instance.jobs - 1)

    def work(jobs):
        return sorted(str(job.operations) for job in jobs)

    assert work([*here, *late]) == work(instance.description.jobs)


def test_a_job_that_arrives_has_as_long_until_its_due_date_as_before():
    before = {job.name: job.due - job.release for job in TOY.description.jobs}
    for ticket in range(5):
        for arrival in of_kind(draw_day(TOY, DynamicShop(), ticket), JobArrives):
            job = arrival.job
            assert job.release == arrival.time
            assert job.due - job.release == before[job.name]


def test_the_first_job_is_never_cancelled_and_the_others_after_they_arrived():
    day = draw_day(LA16, DynamicShop(cancelled=1.0), 2)
    here = [0] * day.instance.jobs + [e.time for e in of_kind(day, JobArrives)]
    cancelled = of_kind(day, JobCancelled)
    assert sorted(event.job for event in cancelled) == list(range(1, LA16.jobs))
    assert all(event.time > here[event.job] for event in cancelled)


def test_events_come_after_time_zero_and_repairs_do_not_overlap():
    day = draw_day(LA16, DynamicShop(breakdowns=20.0), 2)
    assert min(event.time for event in day.events) > 0
    for machine in range(LA16.machines):
        own = [e for e in of_kind(day, MachineBreaks) if e.machine == machine]
        assert len(own) > 2
        assert all(a.until < b.time for a, b in pairwise(own))


def test_times_between_breakdowns_and_repairs_have_the_means_that_are_set():
    shop = DynamicShop(arriving=0.0, cancelled=0.0, breakdowns=20.0, repair=0.04)
    length = dispatch(LA16, rule_named("fifo"))[0].makespan
    up, down = [], []
    for ticket in range(6):
        breakdowns = of_kind(draw_day(LA16, shop, ticket), MachineBreaks)
        for machine in range(LA16.machines):
            own = [MachineBreaks(0, machine, 0), *(e for e in breakdowns if e.machine == machine)]
            up += [(after.time - before.until) / length for before, after in pairwise(own)]
            down += [(event.until - event.time) / length for event in own[1:]]
    assert np.mean(up) == pytest.approx(0.05, rel=0.12)
    assert np.mean(down) == pytest.approx(0.04, rel=0.12)
    # The deviation of an exponential time is its mean.
    assert np.std(up) == pytest.approx(0.05, rel=0.15)
    assert np.std(down) == pytest.approx(0.04, rel=0.15)


def test_a_shop_of_one_job_keeps_it():
    one = build(replace(LA16.description, jobs=LA16.description.jobs[:1]))
    day = draw_day(one, DynamicShop(arriving=1.0, cancelled=1.0), 0)
    assert day.instance.jobs == 1
    assert not of_kind(day, JobArrives)
    assert not of_kind(day, JobCancelled)


@pytest.mark.parametrize("instance", [LA16, TOY], ids=["classic", "factory"])
def test_a_stormy_day_can_be_played(instance):
    storm = DynamicShop(arriving=0.9, breakdowns=5.0, repair=0.2, cancelled=0.3)
    day = draw_day(instance, storm, 1)
    outcome = simulate(day.instance, day.events, first_fit)
    assert outcome.record.schedule is not None
    assert len(outcome.plans) > 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"arriving": 1.5},
        {"cancelled": -0.1},
        {"breakdowns": -1.0},
        {"breakdowns": float("nan")},
        {"repair": float("inf")},
        {"seed": -1},
        {"seed": 1.5},
        {"repairs": 1.0},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        DynamicShop(**wrong)


def test_the_preset_names_settings_that_exist():
    text = files("rlsys_jobshop").joinpath("presets/dynamic.yaml").read_text()
    shop = DynamicShop(**yaml.safe_load(text)["environment"]["dynamic"])
    assert min(shop.arriving, shop.breakdowns, shop.cancelled) > 0
