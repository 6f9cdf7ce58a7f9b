"""Controllers that follow whole plans: the oracle, and the best of many tries by a rule."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from rlsys.errors import UserError
from rlsys.rollout import play
from rlsys_jobshop.env import rules
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.oracle import JobshopOracle
from rlsys_jobshop.env.rules import Planned, rule
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.instances import classic
from rlsys_jobshop.rules import RULES, dispatch
from rlsys_jobshop.search import tabu


def makespans(config, controller, episodes=1):
    make = partial(JobshopVectorEnv, config)
    played = play(make, controller, range(episodes), ["makespan"])
    return played["makespan"].tolist()


class Following(Planned):
    """Plans by a function."""

    def __init__(self, plan):
        super().__init__()
        self._plan = plan

    def plan(self, instance):
        return self._plan(instance)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("shop", ["ft06", "la01"])
def test_following_a_plan_is_as_good_as_the_plan_or_better(shop, seed):
    config = JobshopConfig(instances=shop)
    plans = []

    def planned(instance):
        plans.append(tabu(instance, iterations=30, seed=seed))
        return plans[-1]

    (makespan,) = makespans(config, Following(planned))
    assert len(plans) == 1
    assert makespan <= plans[0].makespan


@pytest.mark.parametrize("name", ["spt", "noisy-mwkr"])
@pytest.mark.parametrize("kind", ["active", "non-delay"])
def test_a_plan_of_the_same_candidates_is_repeated_exactly(name, kind):
    config = JobshopConfig(instances=("ft06", "mk01"), candidates=kind, width=60)
    made = []

    def planned(instance):
        made.append(min(dispatch(instance, RULES[name], candidates=kind), key=lambda s: s.makespan))
        return made[-1]

    found = makespans(config, Following(planned), 2)
    assert sorted(found) == sorted(schedule.makespan for schedule in made)


def test_the_oracle_solves_ft06_whose_optimum_is_55():
    config = JobshopConfig(instances="ft06")
    assert makespans(config, JobshopOracle(config)) == [55.0]


def test_the_oracle_of_factories_is_better_than_every_rule_in_the_mean():
    config = JobshopConfig(
        random={"kind": "factory"}, objective="weighted-tardiness", reference_effort=500
    )

    def late(controller):
        found = play(
            partial(JobshopVectorEnv, config), controller, range(20), ["weighted_tardiness"]
        )
        return found["weighted_tardiness"].mean()

    best = late(JobshopOracle(config))
    assert all(best <= late(rule(config, name)) for name in RULES)


def test_the_oracle_is_no_optimum_and_knows_no_values_of_actions():
    oracle = JobshopOracle(JobshopConfig(instances="ft06"))
    assert (oracle.name, math.isinf(oracle.tolerance)) == ("best-found", True)
    with pytest.raises(UserError, match="knows no value of single decisions"):
        oracle.action_values(None)


@pytest.mark.parametrize("name", [name for name in RULES if name not in ("random", "noisy-mwkr")])
def test_a_rule_as_a_controller_builds_the_schedule_that_it_builds_alone(name):
    config = JobshopConfig(instances=("ft06", "la01"))
    expected = [dispatch(classic(shop), RULES[name])[0].makespan for shop in config.instances]
    assert makespans(config, rule(config, name), 2) == expected


def test_the_best_of_128_is_what_noisy_mwkr_plays():
    config = JobshopConfig(instances="ft10")
    best = min(
        s.makespan
        for s in dispatch(JobshopVectorEnv(config).source.instance(0), RULES["noisy-mwkr"])
    )
    (played,) = makespans(config, rule(config, "noisy-mwkr"))
    assert played == best


def test_a_rule_with_chance_repeats_itself_after_a_reset():
    config = JobshopConfig(instances="la01")
    controller = rule(config, "random", seed=3)
    first = makespans(config, controller, 3)
    assert makespans(config, controller, 3) == first
    assert makespans(config, rule(config, "random", seed=4), 3) != first


def test_a_copy_without_candidates_cannot_occur_between_steps():
    """Rules read the candidates of all copies at once; each has some, since episodes follow."""
    env = JobshopVectorEnv(JobshopConfig(instances=("ft06", "la01")), 2)
    observations, _ = env.reset(seed=0)
    controller = rule(env.config, "fifo")
    controller.reset(env)
    for _ in range(120):
        assert (env.simulator.count > 0).all()
        observations, *_ = env.step(controller.act(env, observations))
    assert np.isfinite(observations).all()


def test_plans_are_made_once_per_instance(monkeypatch):
    config, made = JobshopConfig(instances="ft06"), []
    controller = rule(config, "noisy-mwkr")
    monkeypatch.setattr(rules, "dispatch", lambda *a, **k: made.append(1) or dispatch(*a, **k))
    makespans(config, controller, 5)
    assert len(made) == 1
