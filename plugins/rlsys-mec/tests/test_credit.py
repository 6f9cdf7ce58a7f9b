"""Difference rewards, compared with playing the slot again with one decision changed."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys.roles import difference_rewards
from rlsys_mec.config import MecConfig
from rlsys_mec.vector_env import MecVectorEnv

SETTINGS = {
    "flat": {"n_users": 6},
    "clusters": {"n_users": 9, "n_clusters": 3, "spectrum_floor": 0.02},
    "backlog": {"n_users": 5, "slot_s": 0.5},
}


def drawn(env, generator):
    """Return actions for every role's half-step."""
    return [
        generator.uniform(-3, 3, (env.num_envs, role.agents, *role.action_space.shape))
        for role in env.roles
    ]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_users_is_what_the_slot_would_have_lost_without_its_offloading(name):
    config = MecConfig(**SETTINGS[name], weight_energy=0.05)
    env, again = MecVectorEnv(config, 7), MecVectorEnv(config, 7)
    env.reset(seed=3)
    generator = np.random.default_rng(1)
    for _ in range(3):
        before, actions = env.get_state(), drawn(env, generator)
        for chosen in actions:
            _, rewards, *_ = env.step(chosen)
        credited = env.difference_rewards()["ue"]
        turn = [role.name for role in env.roles].index("ue")
        for user in range(config.n_users):
            again.set_state(before)
            for index, chosen in enumerate(actions):
                changed = chosen.copy()
                if index == turn:
                    changed[:, user, 0] = -1.0
                _, without, *_ = again.step(changed)
            np.testing.assert_allclose(credited[:, user], rewards - without, atol=1e-9)
        assert (credited[actions[turn][:, :, 0] < 0] == 0.0).all()


@pytest.mark.parametrize("name", ["flat", "clusters"])
def test_what_is_subtracted_is_independent_of_the_role(name):
    """What is subtracted does not depend on the role's own decision."""
    config = MecConfig(**SETTINGS[name], weight_energy=0.05)
    env = MecVectorEnv(config, 30)
    env.reset(seed=3)
    generator = np.random.default_rng(2)
    before, actions = env.get_state(), drawn(env, generator)
    last = env.roles[-1].name
    outcomes = []
    for _ in range(2):
        env.set_state(before)
        for chosen in [*actions[:-1], drawn(env, generator)[-1]]:
            _, rewards, *_ = env.step(chosen)
        outcomes.append((rewards, env.difference_rewards()[last].sum(axis=1)))
    (first, own), (second, other) = outcomes
    assert (np.abs(first - second) > 1e-3).mean() > 0.2
    np.testing.assert_allclose(own - other, first - second, atol=1e-9)


def test_a_scheduler_answers_for_its_own_queue_and_is_measured_from_edf():
    config = MecConfig(**SETTINGS["clusters"])
    env = MecVectorEnv(config, 20)
    env.reset(seed=3)
    before, actions = env.get_state(), drawn(env, np.random.default_rng(2))
    earliest = -env.situation.queues.of_users(env.situation.deadline)
    mixed = actions[-1].copy()
    mixed[:, 1] = earliest[:, 1]
    told = []
    for last in (actions[-1], mixed):
        env.set_state(before)
        for chosen in [*actions[:-1], last]:
            env.step(chosen)
        told.append(env.difference_rewards()["cluster_sched"])
    np.testing.assert_array_equal(told[0][:, [0, 2]], told[1][:, [0, 2]])
    assert (told[0][:, 1] != 0.0).any()
    np.testing.assert_allclose(told[1][:, 1], 0.0, atol=1e-12)


def test_the_coordinators_is_measured_from_local_execution():
    config = MecConfig(**SETTINGS["clusters"])
    env, idle = MecVectorEnv(config, 5), MecVectorEnv(config, 5)
    env.reset(seed=3)
    idle.reset(seed=3)
    for chosen in drawn(env, np.random.default_rng(4)):
        _, rewards, *_ = env.step(chosen)
        _, local, *_ = idle.step(-np.ones_like(chosen))
    own = difference_rewards(env, rewards)["coordinator"]
    np.testing.assert_allclose(own[:, 0], rewards - local, atol=1e-9)


@pytest.mark.parametrize("name", ["flat", "clusters"])
def test_a_slot_resumed_midway_gets_the_same_credit(name):
    config = MecConfig(**SETTINGS[name])
    env, other = MecVectorEnv(config, 9), MecVectorEnv(config, 9)
    env.reset(seed=3)
    other.reset(seed=8)
    actions = drawn(env, np.random.default_rng(6))
    for chosen in actions[:-1]:
        env.step(chosen)
    other.set_state(env.get_state())
    for one in (env, other):
        one.step(actions[-1])
    told = other.difference_rewards()
    for role, own in env.difference_rewards().items():
        np.testing.assert_array_equal(told[role], own)
    assert (told["ue"] != 0.0).any()


def test_before_any_slot_there_is_no_credit():
    with pytest.raises(ValueError, match="no slot has been played"):
        MecVectorEnv(MecConfig(), 2).difference_rewards()
