"""CP-SAT as the exact oracle of small shops, against every order and every choice of modes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from minute_shop import append_all
from random_shops import descriptions

from rlsys.errors import UserError
from rlsys_jobshop.checking import measure, require_valid
from rlsys_jobshop.instances import classic
from rlsys_jobshop.problem import (
    Calendar,
    Description,
    ImpossibleInstance,
    Job,
    Machine,
    Mode,
    Operation,
    build,
)
from rlsys_jobshop.search import cp_sat, random_keys, tabu

stages = pytest.importorskip(
    "rlsys_jobshop.search.constraint.stages",
    reason="needs OR-Tools: pip install 'rlsys-jobshop[cp-sat]'",
    exc_type=ImportError,
)
objectives = st.sampled_from(["makespan", "weighted-tardiness"])


def orders(lengths):
    """Every order of the jobs' turns."""
    if not any(lengths):
        yield ()
    for job, left in enumerate(lengths):
        if left:
            rest = [*lengths[:job], left - 1, *lengths[job + 1 :]]
            yield from ((job, *order) for order in orders(rest))


def optimum(description, objective):
    """The best objective, played unit by unit: no start can be earlier in the best schedule."""
    lengths = [len(job.operations) for job in description.jobs]
    best = None
    for order in orders(lengths):
        seen = [0] * len(lengths)
        numbers = []
        for job in order:
            numbers.append(len(description.jobs[job].operations[seen[job]].modes))
            seen[job] += 1
        for modes in product(*map(range, numbers)):
            rows = append_all(description, [(j, m, 0) for j, m in zip(order, modes, strict=True)])
            ends = [max(row[4] for row in rows if row[0] == j) for j in range(len(lengths))]
            value = max(ends)
            if objective != "makespan":
                value = sum(
                    (description.important_weight if job.important else 1) * max(0, end - job.due)
                    for job, end in zip(description.jobs, ends, strict=True)
                    if job.due is not None
                )
            best = value if best is None else min(best, value)
    return best


@st.composite
def small_shops(draw):
    """At most five operations, with everything; often all machines share a calendar."""
    description = draw(descriptions())
    assume(sum(len(job.operations) for job in description.jobs) <= 5)
    machines = description.machines
    if draw(st.booleans()):
        machines = tuple(replace(m, calendar=machines[0].calendar) for m in machines)
    jobs = tuple(
        replace(job, due=job.release + draw(st.integers(0, 9)), important=draw(st.booleans()))
        for job in description.jobs
    )
    description = replace(description, jobs=jobs, machines=machines)
    try:
        instance = build(description)
    except ImpossibleInstance:
        assume(False)
    # The rules played unit by unit do not know that a mode can fit no window.
    assume(instance.modes == sum(len(o.modes) for job in jobs for o in job.operations))
    return description, instance


def objective_of(schedule, objective):
    found = measure(require_valid(schedule))
    return found.makespan if objective == "makespan" else found.weighted_tardiness


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(small_shops(), objectives)
def test_it_finds_and_proves_the_optimum_of_every_order_and_choice_of_modes(case, objective):
    description, instance = case
    found = cp_sat(instance, seconds=60, workers=1, objective=objective)
    best = optimum(description, objective)
    assert (found.status, found.bound) == ("optimal", best)
    assert objective_of(found.schedule, objective) == best


@pytest.mark.slow
@pytest.mark.parametrize(
    "limits",
    [{"_MOST_ARCS": -1}, {"_MOST_ARCS": -1, "_NEAR": 0}, {"_MOST_WINDOWS": 0}, {"_LARGE": 0}],
    ids=["modes first", "sequences stay", "times stay near", "no presolve"],
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=small_shops(), objective=objectives)
def test_the_ways_of_large_shops_give_valid_schedules_and_true_bounds(
    case, objective, limits, monkeypatch
):
    for name, value in limits.items():
        monkeypatch.setattr(stages, name, value)
    description, instance = case
    rules = random_keys(instance, evaluations=0, objective=objective)
    found = cp_sat(instance, seconds=60, workers=1, objective=objective)
    value = objective_of(found.schedule, objective)
    assert found.bound <= optimum(description, objective) <= value
    assert value <= objective_of(rules, objective)
    assert (found.status == "optimal") == (found.bound == value)


@pytest.mark.parametrize(("name", "best"), [("ft06", 55), ("la01", 666), ("la05", 593)])
def test_it_proves_published_optima(name, best):
    found = cp_sat(classic(name), seconds=60, workers=1)
    assert (found.status, found.bound, found.schedule.makespan) == ("optimal", best, best)


@pytest.mark.slow
def test_it_proves_the_published_optimum_of_a_flexible_shop():
    found = cp_sat(classic("mk03"), seconds=120)
    assert (found.status, found.bound) == ("optimal", 204)
    assert require_valid(found.schedule).makespan == 204


def test_without_time_the_hint_comes_back():
    hint = tabu(classic("ta01"), iterations=2_000)
    found = cp_sat(classic("ta01"), seconds=0, hint=hint)
    assert found.status == "unknown"
    assert found.schedule.makespan == hint.makespan
    assert 0 < found.bound <= 1231


def test_the_hint_is_where_it_starts():
    hint = tabu(classic("la21"), iterations=20_000)
    found = cp_sat(classic("la21"), seconds=3, hint=hint, workers=1)
    assert found.schedule.makespan <= hint.makespan


def two_jobs(calendar, lengths=(4, 4), interruptible=False):
    jobs = [Job((Operation((Mode(n, (0,)),), interruptible=interruptible),)) for n in lengths]
    return build(Description("two", tuple(jobs), (Machine(calendar=calendar),)))


@pytest.mark.parametrize("windows", [[(0, 7)], [(0, 4), (6, 7)], [(0, 7), (20, 22)]])
def test_calendars_that_end_before_the_work_have_no_schedule(windows):
    found = cp_sat(two_jobs(Calendar.of(windows)), seconds=30)
    assert found.status == "infeasible"
    assert found.schedule is None


def test_it_finds_the_only_schedule_where_every_rule_fails():
    # The longer one must go first: the shorter one fits both windows, and the rules take it first
    # or the other way round; in one of the two shops they are wrong.
    for lengths in ((4, 3), (3, 4)):
        found = cp_sat(two_jobs(Calendar.of([(0, 4), (6, 9)]), lengths), seconds=30)
        assert found.status == "optimal"
        assert require_valid(found.schedule).makespan == 9


def test_work_goes_on_after_the_break():
    instance = two_jobs(Calendar.of([(0, 4), (5, 100)]), (5, 1), interruptible=True)
    found = cp_sat(instance, seconds=30)
    assert (found.status, found.bound) == ("optimal", 7)


def test_times_that_cp_sat_cannot_count_are_one_clear_line():
    instance = two_jobs(Calendar.always(), (1 << 40, 1 << 40))
    description = instance.description
    jobs = [replace(job, due=0, important=True) for job in description.jobs]
    huge = replace(description, jobs=tuple(jobs), important_weight=1 << 20)
    with pytest.raises(UserError, match="two: CP-SAT cannot take the instance") as raised:
        cp_sat(build(huge), seconds=10, objective="weighted-tardiness")
    assert "\n" not in str(raised.value)
