"""Each baseline does what its name says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from rlsys.errors import ConfigError
from rlsys.rollout import play
from rlsys_mec.baselines import factories
from rlsys_mec.baselines.rules import (
    alone_gain,
    ascend,
    earliest_deadline,
    first_come,
    greedy,
    rewards_of,
)
from rlsys_mec.config import MecConfig
from rlsys_mec.slot import execute, transmit
from rlsys_mec.vector_env import MecVectorEnv

TIGHT = {"data_mbit": (16.0, 120.0), "deadline_s": (0.5, 1.5), "weight_energy": 0.05}


def started(copies=6, **settings):
    env = MecVectorEnv(MecConfig(**{**TIGHT, **settings}), copies)
    env.reset(seed=0)
    return env


def finish_slot(env, controller):
    controller.reset(env)
    for _ in env.roles:
        env.step(controller.act(env, env.observations()))
    return env.outcome


@pytest.mark.parametrize("clusters", [None, 3])
@pytest.mark.parametrize("order", ["fifo", "edf"])
def test_the_server_takes_them_in_the_order_that_is_named(clusters, order):
    env = started(n_users=9, n_clusters=clusters)
    controller = factories.rule(env.config, "everybody", order)
    for _ in env.roles[:-1]:
        env.step(controller.act(env, env.observations()))
    situation, sent = env.situation, env.sent
    env.step(controller.act(env, env.observations()))
    key = sent.arrival if order == "fifo" else situation.deadline
    for copy in range(env.num_envs):
        for queue in range(env.config.queues):
            own = np.flatnonzero(situation.queues.cluster[copy] == queue)
            by_key = own[np.argsort(key[copy, own])]
            assert (np.diff(env.outcome.delay[copy, by_key]) > 0).all()


def test_nobody_and_everybody():
    env = started()
    outcome = finish_slot(env, factories.rule(env.config, "nobody"))
    assert (outcome.start == 0).all()
    for order in ("fifo", "edf"):
        env = started()
        assert (finish_slot(env, factories.rule(env.config, "everybody", order)).start > 0).all()


def test_the_selfish_offload_exactly_if_it_pays_when_nobody_else_does():
    env = started(copies=20, local_ghz=(0.5, 4.0), bandwidth_mhz=10.0, weight_energy=0.01)
    config, situation = env.config, env.situation
    gains = alone_gain(config, situation, env.cpu, earliest_deadline)
    for copy, user in product(range(20), range(5)):
        value = []
        for alone in (False, True):
            offload = np.zeros((1, 5), bool)
            offload[0, user] = alone
            one = situation.take(np.array([copy]))
            sent = transmit(config, one, offload, np.zeros((1, 5)))
            outcome = execute(config, one, sent, np.ones((1, 1)), np.zeros((1, 1, 5)))
            energy = config.weight_energy * outcome.energy.sum()
            value.append(outcome.qos.sum() - energy)
        assert gains[copy, user] == pytest.approx(value[1] - value[0])
    controller = factories.rule(config, "selfish")
    np.testing.assert_array_equal(controller.act(env, None)[:, :, 0] > 0, gains > 0)
    assert 0 < (gains > 0).mean() < 1


def test_no_single_flip_improves_what_coordinate_ascent_returns():
    env = started(copies=20, n_users=7)
    config, situation = env.config, env.situation
    start = greedy(config, situation, env.cpu, earliest_deadline)
    found, worth = ascend(config, situation, env.cpu, earliest_deadline, start)
    flipped = found[:, None, :] ^ np.eye(7, dtype=bool)
    assert (rewards_of(config, situation, env.cpu, earliest_deadline, flipped)
            <= worth[:, None] + 1e-9).all()  # fmt: skip
    before = rewards_of(config, situation, env.cpu, earliest_deadline, start[:, None])[:, 0]
    assert (worth >= before).all()
    assert (worth > before).any()


def test_coordinate_ascent_comes_close_to_the_best_of_all_sets():
    env = started(copies=30)
    config, situation = env.config, env.situation
    sets = np.array(list(product([False, True], repeat=5)))
    every = np.broadcast_to(sets, (30, *sets.shape))
    best = rewards_of(config, situation, env.cpu, first_come, every).max(axis=1)
    controller = factories.coordinate_ascent(config, restarts=4, order="fifo")
    offload = controller.act(env, None)[:, :, 0] > 0
    reached = rewards_of(config, situation, env.cpu, first_come, offload[:, None])[:, 0]
    assert (reached <= best + 1e-12).all()
    assert reached.mean() > 0.99 * best.mean()


def test_restarts_never_hurt():
    env = started(copies=30, n_users=8)
    reached = []
    for restarts in (0, 3, 10):
        controller = factories.coordinate_ascent(env.config, restarts=restarts)
        offload = controller.act(env, None)[:, :, 0] > 0
        reached.append(
            rewards_of(env.config, env.situation, env.cpu, earliest_deadline, offload[:, None])
        )
    assert (reached[0] <= reached[1]).all()
    assert (reached[1] <= reached[2]).all()
    assert (reached[2] > reached[0]).any()


@pytest.mark.parametrize("clusters", [None, 2])
@pytest.mark.parametrize(
    "make",
    [
        factories.random,
        factories.rule,
        lambda c: factories.rule(c, "selfish", "fifo"),
        lambda c: factories.coordinate_ascent(c, restarts=1),
    ],
)
def test_a_baseline_depends_on_the_episode_and_not_on_the_batch(make, clusters):
    config = MecConfig(n_users=6, n_clusters=clusters, slots=4, **TIGHT)
    together = play(lambda n: MecVectorEnv(config, n), make(config), [4, 8, 15])
    for index, seed in enumerate([4, 8, 15]):
        alone = play(lambda n: MecVectorEnv(config, n), make(config), [seed])
        assert alone["reward"][0] == pytest.approx(together["reward"][index], abs=1e-12)


def test_random_actions_are_spread_over_their_range():
    env = started(copies=200)
    controller = factories.random(env.config)
    actions = controller.act(env, None)
    assert actions.shape == (200, 5, 2)
    assert abs(actions.mean()) < 0.2
    assert 4.9 < actions.max() <= 5.0
    assert -5.0 <= actions.min() < -4.9


def test_a_coordinator_gives_the_cpu_to_the_work():
    env = started(copies=4, n_users=20, n_clusters=4)
    controller = factories.rule(env.config, "everybody")
    logits = controller.act(env, None)[:, 0]
    env.step(logits[:, None])
    work = env.situation.queues.sums(env.situation.cycles)
    np.testing.assert_allclose(env.cpu, work / work.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("clusters", [None, 3])
def test_limited_greedy_keeps_the_queues_short_and_drops_the_least_gain_a_cycle(clusters):
    env = started(copies=30, n_users=12, n_clusters=clusters, bandwidth_mhz=200.0, slot_s=0.3)
    config = env.config
    controller = factories.limited_greedy(config, limit=0.5)
    dropped = 0
    for _ in range(3):
        while env.acting != "ue":
            env.step(controller.act(env, None))
        situation, cpu = env.situation, env.cpu
        free = greedy(config, situation, cpu, first_come)
        actions = controller.act(env, None)
        offload = actions[:, :, 0] > 0
        assert (offload <= free).all()
        work = situation.queues.sums(np.where(offload, situation.cycles, 0.0))
        busy = (work + situation.backlog) / (config.server_ghz * cpu)
        assert (busy[work > 0] <= 0.5 * config.deadline_s[1] + 1e-9).all()
        alone = situation._replace(backlog=np.zeros_like(situation.backlog))
        density = alone_gain(config, alone, cpu, first_come) / situation.cycles
        for copy in range(30):
            for queue in range(config.queues):
                own = situation.queues.cluster[copy] == queue
                kept = own & offload[copy]
                left = own & free[copy] & ~offload[copy]
                dropped += left.sum()
                if kept.any() and left.any():
                    assert density[copy, kept].min() >= density[copy, left].max()
        env.step(actions)
        env.step(controller.act(env, None))
    assert dropped > 0


def test_with_backlog_it_pays_to_take_on_less_than_what_pays_now():
    config = MecConfig(slot_s=1.0)
    reward = [
        play(lambda n: MecVectorEnv(config, n), controller, range(5))["reward"].min()
        for controller in (factories.rule(config, "greedy"), factories.limited_greedy(config))
    ]
    assert reward[1] > 1.15 * reward[0]


def test_unknown_rules_are_refused():
    config = MecConfig()
    with pytest.raises(ConfigError, match=r"unknown offloading rule 'greeedy'.*'greedy'"):
        factories.rule(config, "greeedy")
    with pytest.raises(ConfigError, match=r"unknown order 'lifo'"):
        factories.rule(config, "greedy", "lifo")
    with pytest.raises(ConfigError, match="limit must be > 0"):
        factories.limited_greedy(config, limit=0.0)
    with pytest.raises(ConfigError, match="restarts must be >= 0"):
        factories.coordinate_ascent(config, restarts=-1)
