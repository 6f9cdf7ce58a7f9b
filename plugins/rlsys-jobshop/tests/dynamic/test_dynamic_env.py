"""The dynamic environment: what an episode earns, reports, and how it is continued."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys_jobshop.checking import measure
from rlsys_jobshop.dynamic import simulate
from rlsys_jobshop.dynamic.day import draw_day
from rlsys_jobshop.dynamic.shop import DynamicShop
from rlsys_jobshop.dynamic.vector_env import DynamicVectorEnv
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.oracle import JobshopOracle
from rlsys_jobshop.env.rules import rule
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.rules import dispatch, rule_named

SMALL = JobshopConfig(random={"kind": "classic", "jobs": [3, 6], "machines": [2, 4]})
FACTORY = JobshopConfig(
    random={"kind": "factory", "size": "toy"}, objective="weighted-tardiness", reference_effort=50
)
CONFIGS = {"classic": SMALL, "factory": FACTORY}
EVENTFUL = DynamicShop(breakdowns=2.0, repair=0.1, cancelled=0.3)
QUIET = DynamicShop(arriving=0.0, breakdowns=0.0, cancelled=0.0)


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS)
def env(request):
    return DynamicVectorEnv(request.param, EVENTFUL, 3)


def episodes(env, controller, count, seed=0):
    """Play, and return for each finished episode its copy, rewards, first bound and infos."""
    found = []
    observation, _ = env.reset(seed=seed)
    controller.reset(env)
    first, unit, earned = env._bounds.copy(), env._unit.copy(), np.zeros(env.num_envs)
    while len(found) < count:
        observation, rewards, ended, _, infos = env.step(controller.act(env, observation))
        earned += rewards
        for copy in np.flatnonzero(ended):
            metrics = {n: v[copy] for n, v in infos["final_info"].items() if n[0] != "_"}
            record = env.final_records[copy]
            found.append((earned[copy], first[copy], unit[copy], record, metrics))
            earned[copy], first[copy], unit[copy] = 0.0, env._bounds[copy], env._unit[copy]
    return found


@pytest.mark.parametrize("name", ["random", "mwkr"])
def test_an_episode_earns_minus_the_gap_between_the_day_and_its_first_bound(env, name):
    for earned, first, unit, record, metrics in episodes(env, rule(env.config, name), 12):
        measures = measure(record.schedule)
        is_makespan = env.config.objective == "makespan"
        reached = measures.makespan if is_makespan else measures.weighted_tardiness
        assert earned == pytest.approx((first - reached) * 100.0 / unit)
        assert metrics["makespan"] == measures.makespan
        assert metrics["weighted_tardiness"] == measures.weighted_tardiness


def test_every_day_is_valid_and_something_happens_on_some(env):
    played = episodes(env, rule(env.config, "random"), 15)
    assert [metrics["violations"] for *_, metrics in played] == [0.0] * 15
    assert any(record.lost or record.cancelled for *_, record, _ in played)


def test_the_gap_counts_from_a_bound_that_no_day_beats(env):
    assert all(metrics["gap"] >= 0.0 for *_, metrics in episodes(env, rule(env.config, "spt"), 9))


@pytest.mark.parametrize("name", ["fifo", "atc", "importance-due", "mopnr"])
def test_a_rule_in_the_environment_plays_the_day_that_it_plays_alone(env, name):
    env.reset(seed=5)
    ticket = int(env._tickets[0])
    whole = JobshopVectorEnv(env.config).source.instance(ticket)
    day = draw_day(whole, EVENTFUL, ticket)
    alone = simulate(day.instance, day.events, lambda i: dispatch(i, rule_named(name))[0])
    controller = rule(env.config, name)
    controller.reset(env)
    while env.final_records[0] is None:
        env.step(controller.act(env, env.observations()))
    assert env.final_records[0].entries == alone.record.entries
    assert env.final_records[0].lost == alone.record.lost


def test_noisy_rules_and_the_oracle_plan_each_rest(env):
    noisy = [record for *_, record, _ in episodes(env, rule(env.config, "noisy-mwkr"), 3)]
    found = [record for *_, record, _ in episodes(env, JobshopOracle(env.config), 3)]
    assert all(record.schedule is not None for record in (*noisy, *found))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_without_events_it_is_the_environment_without_events(config):
    dynamic, static = DynamicVectorEnv(config, QUIET, 2), JobshopVectorEnv(config, 2)
    one, other = dynamic.reset(seed=1)[0], static.reset(seed=1)[0]
    generator = np.random.default_rng(0)
    for _ in range(120):
        assert np.array_equal(one, other)
        assert np.array_equal(dynamic.action_masks(), static.action_masks())
        actions = generator.integers(dynamic.simulator.count)
        one, earned, ended, *_ = dynamic.step(actions)
        other, also_earned, also_ended, *_ = static.step(actions)
        assert earned == pytest.approx(also_earned)
        assert np.array_equal(ended, also_ended)


def test_the_same_seed_and_actions_give_the_same_days(env):
    again = DynamicVectorEnv(env.config, EVENTFUL, 3)
    for one, other in zip(
        episodes(env, rule(env.config, "random"), 6, seed=9),
        episodes(again, rule(env.config, "random"), 6, seed=9),
        strict=True,
    ):
        assert one[3].entries == other[3].entries


@pytest.mark.parametrize("steps", [0, 1, 7, 30, 75])
def test_a_saved_state_goes_on_bit_by_bit(env, steps):
    controller = rule(env.config, "first-fit")
    env.reset(seed=2)
    controller.reset(env)
    for _ in range(steps):
        env.step(controller.act(env, env.observations()))
    state = env.get_state()
    other = DynamicVectorEnv(env.config, EVENTFUL, 3)
    other.set_state(state)
    assert np.array_equal(env.observations(), other.observations())
    generator = np.random.default_rng(1)
    for _ in range(150):
        actions = generator.integers(env.simulator.count)
        one, also = env.step(actions), other.step(actions)
        assert np.array_equal(one[0], also[0])
        assert np.array_equal(one[1], also[1])
        assert np.array_equal(one[2], also[2])
        assert str(one[4].get("final_info")) == str(also[4].get("final_info"))


def test_a_state_of_another_number_of_copies_is_refused_untouched(env):
    env.reset(seed=2)
    before = env.observations().copy()
    other = DynamicVectorEnv(env.config, EVENTFUL, 2)
    other.reset(seed=0)
    with pytest.raises(ValueError, match="2 copies, not 3"):
        env.set_state(other.get_state())
    assert np.array_equal(env.observations(), before)


@pytest.mark.slow
def test_more_days_than_are_remembered_can_be_played_side_by_side():
    env = DynamicVectorEnv(SMALL, EVENTFUL, 300)
    controller = rule(SMALL, "first-fit")
    env.reset(seed=0)
    controller.reset(env)
    for _ in range(60):
        env.step(controller.act(env, env.observations()))


def test_listed_instances_have_a_day_each():
    env = DynamicVectorEnv(JobshopConfig(instances=["ft06", "la01"]), EVENTFUL, 2)
    env.reset(seed=0)
    days = [env._play[copy].left.situation.known.name for copy in range(2)]
    assert days == ["ft06", "la01"]


@pytest.mark.parametrize("view", ["full", "hierarchical", "compressed"])
def test_flat_views_see_the_rest(view):
    config = SMALL.model_copy(update={"view": view})
    env = DynamicVectorEnv(config, EVENTFUL, 2)
    assert len(episodes(env, rule(config, "mwkr"), 4)) >= 4
