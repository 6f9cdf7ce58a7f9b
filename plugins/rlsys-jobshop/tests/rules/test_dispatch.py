"""Whole schedules by a rule: against a plain dispatcher, and always the same for a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plain_dispatch import PLAIN, plain_schedule

from rlsys.errors import UserError
from rlsys_jobshop.checking import violations
from rlsys_jobshop.instances import classic, classic_names, factory, random_flexible
from rlsys_jobshop.problem import build
from rlsys_jobshop.rules import RULES, dispatch, rule_named
from rlsys_jobshop_plugin import rlsys_environments


def with_due_dates(instance):
    """Every second job is due, every third is important."""
    jobs = tuple(
        replace(
            job,
            due=None if number % 2 else 30 * (number + 3),
            important=number % 3 == 0,
        )
        for number, job in enumerate(instance.description.jobs)
    )
    return build(replace(instance.description, jobs=jobs))


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("shop", ["ft06", "ft10", "la21", "abz7", "with due dates"])
def test_schedules_are_those_of_a_plain_dispatcher(name, shop):
    instance = with_due_dates(classic("la21")) if shop == "with due dates" else classic(shop)
    (schedule,) = dispatch(instance, rule_named(name))
    assert schedule.start.tolist() == plain_schedule(instance, PLAIN[name])


@pytest.mark.parametrize(("name", "published"), [("spt", 1546.1), ("mwkr", 1464.3)])
def test_non_delay_makespans_on_taillards_15x15_are_the_published_ones(name, published):
    """Zhang et al., Learning to Dispatch for Job Shop Scheduling (2020), means of ta01 to ta10."""
    makespans = [
        dispatch(classic(shop), RULES[name], candidates="non-delay")[0].makespan
        for shop in classic_names("ta")[:10]
    ]
    assert np.mean(makespans) == pytest.approx(published, abs=0.051)


def shops():
    generator = np.random.default_rng(7)
    return [
        classic("ft06"),
        random_flexible(6, 4, (2, 5), (1, 3), 0.5, generator),
        *(build(factory("toy", generator)) for _ in range(2)),
    ]


@pytest.mark.parametrize("candidates", ["active", "non-delay", "all"])
@pytest.mark.parametrize("name", RULES)
def test_all_schedules_of_all_rules_are_valid(name, candidates):
    for instance in shops():
        schedules = dispatch(instance, RULES[name], candidates=candidates)
        assert len(schedules) == RULES[name].tries
        for schedule in schedules[:5]:
            assert violations(instance, schedule.entries()) == []


@pytest.mark.parametrize("name", RULES)
def test_a_seed_repeats_a_rule_and_matters_only_where_something_is_random(name):
    def starts(seed):
        return [s.start.tolist() for s in dispatch(classic("la01"), RULES[name], seed=seed)]

    assert starts(3) == starts(3)
    assert (starts(3) != starts(4)) == (name in ("random", "noisy-mwkr"))


@pytest.mark.parametrize("shop", ["ft10", "la16", "la21", "la27"])
def test_the_tries_of_noisy_mwkr_differ_and_the_best_is_better_than_mwkr_alone(shop):
    (alone,) = dispatch(classic(shop), RULES["mwkr"])
    makespans = [schedule.makespan for schedule in dispatch(classic(shop), RULES["noisy-mwkr"])]
    assert len(set(makespans)) > 30
    assert min(makespans) < alone.makespan


def test_random_draws_every_candidate_equally_often():
    instance = classic("la01")
    firsts = [
        int(np.flatnonzero(dispatch(instance, RULES["random"], seed=seed)[0].rank == 0)[0])
        for seed in range(300)
    ]
    counts = np.bincount(instance.job_of[firsts], minlength=instance.jobs)
    present = counts[counts > 0]
    expected = 300 / len(present)
    assert len(present) > 1
    # Chi-squared with at most 9 degrees of freedom is below 28 in 999 of 1000 cases.
    assert ((present - expected) ** 2 / expected).sum() < 28


@pytest.mark.parametrize(("name", "nearest"), [("sptt", "spt"), ("Fifo", "fifo"), ("mwk", "mwkr")])
def test_an_unknown_rule_is_one_line_with_the_nearest_one(name, nearest):
    with pytest.raises(UserError) as error:
        rule_named(name)
    assert str(error.value) == (
        f"unknown rule {name!r} (did you mean {nearest!r}? known: {', '.join(sorted(RULES))})"
    )


def test_the_plugin_lists_the_same_rules():
    (spec,) = rlsys_environments()
    assert [baseline.name for baseline in spec.baselines] == list(RULES)
    assert all(rule.name == name for name, rule in RULES.items())
