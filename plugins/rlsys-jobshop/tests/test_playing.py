"""Schedules by a network: greedy ones are the environment's, more samples are never worse."""

from __future__ import annotations

import numpy as np
import pytest
from schedule_play import classic_shop
from small_networks import dense, random_scorer, shortest_first

from rlsys.errors import UserError
from rlsys.network import Network, Stack
from rlsys_jobshop.checking import violations
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.instances import classic, factory, random_flexible
from rlsys_jobshop.playing import MOST_AT_ONCE, play
from rlsys_jobshop.problem import build
from rlsys_jobshop.rules import RULES, dispatch


def starts(schedules):
    return [schedule.start.tolist() for schedule in schedules]


NEAR_TIE = 1e-5
"""Two logits that are closer than this can change places: how their sums are rounded depends on the
processor, and on how many rows a matrix has."""


def greedy_episode(shop, kind, network):
    """Play the environment greedily; return the makespan and the distance of the closest choice."""
    env = JobshopVectorEnv(JobshopConfig(instances=(shop,), candidates=kind), 1)
    observation, _ = env.reset(seed=0)
    closest = np.inf
    while True:
        logits = np.where(env.action_masks(), network.logits(observation), -np.inf)
        second, first = np.sort(logits[0])[-2:]
        closest = min(closest, first - second)
        observation, _, done, _, info = env.step(logits.argmax(axis=1))
        if done[0]:
            return info["final_info"]["makespan"][0], closest


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["active", "non-delay", "all"])
def test_the_greedy_schedule_is_the_greedy_episode_of_the_environment(kind, seed):
    network = random_scorer(seed)
    clear = 0
    for shop in ("ft06", "la01", "la16"):
        makespan, closest = greedy_episode(shop, kind, network)
        alone = play(classic(shop), network, candidates=kind)[0].makespan
        assert makespan == alone or closest < NEAR_TIE
        clear += closest >= NEAR_TIE
    assert clear > 0


@pytest.mark.parametrize("seed", range(5))
def test_a_network_that_is_a_rule_builds_the_schedule_of_the_rule(seed):
    """No two operations are equally long."""
    generator = np.random.default_rng(seed)
    times = iter((1 + generator.permutation(20)).tolist())
    routes = [generator.permutation(4).tolist() for _ in range(5)]
    instance = classic_shop(*([(machine, next(times)) for machine in route] for route in routes))
    (schedule,) = play(instance, shortest_first())
    (expected,) = dispatch(instance, RULES["spt"])
    assert schedule.start.tolist() == expected.start.tolist()


@pytest.mark.parametrize("samples", [1, 2, 7, MOST_AT_ONCE + 3])
def test_the_first_of_as_many_samples_as_asked_for_is_greedy(samples):
    instance, network = classic("ft06"), random_scorer(0)
    schedules = play(instance, network, samples=samples, seed=5)
    assert len(schedules) == samples
    assert starts(schedules[:1]) == starts(play(instance, network, seed=9))
    for schedule in schedules[:10]:
        assert violations(instance, schedule.entries()) == []


def test_a_seed_repeats_the_samples_and_another_one_does_not():
    first, again, other = (
        starts(play(classic("ft10"), random_scorer(0), samples=5, seed=seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first[0] == other[0]
    assert first[1:] != other[1:]


def test_samples_are_drawn_with_the_probabilities_of_the_policy():
    """The first decision of ft06, with the softmax of the logits by hand."""
    instance, network = classic("ft06"), random_scorer(3)
    env = JobshopVectorEnv(JobshopConfig(instances="ft06"), 1)
    observations, _ = env.reset(seed=0)
    count = int(env.action_masks()[0].sum())
    logits = network.logits(observations)[0, :count].astype(float)
    logits /= np.ptp(logits) / 2  # far from certain
    temperature = float(np.ptp(network.logits(observations)[0, :count]) / 2)
    expected = np.exp(logits) / np.exp(logits).sum()
    jobs = env.simulator.batch.operations[env.simulator.operations[0, :count]]["job"].tolist()
    drawn = play(instance, network, samples=3001, temperature=temperature)[1:]
    firsts = [int(instance.job_of[np.flatnonzero(schedule.rank == 0)[0]]) for schedule in drawn]
    shares = np.array([firsts.count(job) for job in jobs]) / len(drawn)
    assert count > 1
    # Four standard deviations.
    assert (np.abs(shares - expected) < 4 * np.sqrt(expected * (1 - expected) / 3000)).all()


def test_at_a_low_temperature_all_samples_are_greedy():
    schedules = play(classic("ft06"), random_scorer(0), samples=6, temperature=1e-6)
    assert len({tuple(one) for one in starts(schedules)}) == 1


@pytest.mark.parametrize("seed", range(3))
def test_flexible_shops_and_factories_get_valid_schedules(seed):
    generator = np.random.default_rng(seed)
    for instance in (
        random_flexible(6, 4, (2, 5), (1, 4), 0.5, generator),
        build(factory("toy", generator)),
    ):
        for schedule in play(instance, random_scorer(seed), samples=4):
            assert violations(instance, schedule.entries()) == []


@pytest.mark.parametrize(
    "network",
    [
        random_scorer(0, features=7),
        random_scorer(0, rest=True),
        Network(Stack((dense(np.random.default_rng(0), 29, 3),))),
    ],
    ids=["other features", "actions of no candidate", "flat"],
)
def test_a_network_of_another_kind_is_one_line(network):
    with pytest.raises(
        UserError, match=r"does not score the candidates .* 29, 39 or 40 features"
    ) as error:
        play(classic("ft06"), network)
    assert "\n" not in str(error.value)
