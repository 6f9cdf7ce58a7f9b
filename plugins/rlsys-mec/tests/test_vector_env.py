"""Episodes depend only on their seeds, states can be saved, and bad actions are errors."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys_mec.config import MecConfig
from rlsys_mec.slot import quality
from rlsys_mec.vector_env import MOST_PARTS, MecVectorEnv

SYSTEMS = [
    {"n_users": 4, "slots": 3},
    {"n_users": 9, "n_clusters": 3, "slots": 3, "view": "global", "slot_s": 0.5},
]


def fixed_action(env, slot):
    """Return actions that depend only on role and slot, not on the number of copies."""
    role = next(role for role in env.roles if role.name == env.acting)
    shape = (role.agents, *role.action_space.shape)
    random = np.random.default_rng([slot, env.roles.index(role)])
    return np.repeat(random.uniform(-2, 2, (1, *shape)), env.num_envs, axis=0)


def play(env, slots, begun=None):
    """Return all observations and rewards."""
    seen = [] if begun is None else [begun]
    for slot in range(slots):
        for _ in env.roles:
            observations, rewards, *_ = env.step(fixed_action(env, slot))
            seen += [observations, rewards]
    return seen


@pytest.mark.parametrize("settings", SYSTEMS)
def test_an_episode_depends_on_its_seed_and_not_on_the_batch(settings):
    config = MecConfig(**settings)
    batch = MecVectorEnv(config, 5)
    together = play(batch, 7, batch.reset(seed=[3, 1, 4, 1, 5])[0])
    for copy, seed in enumerate([3, 1, 4, 1, 5]):
        alone = MecVectorEnv(config, 1)
        for ours, theirs in zip(play(alone, 7, alone.reset(seed=seed)[0]), together, strict=True):
            np.testing.assert_array_equal(ours[0], theirs[copy])


def test_an_integer_seeds_consecutive_copies_and_none_continues():
    config = MecConfig(slots=2)
    one, other = MecVectorEnv(config, 3), MecVectorEnv(config, 3)
    np.testing.assert_array_equal(one.reset(seed=7)[0], other.reset(seed=[7, 8, 9])[0])
    first, _ = one.reset(seed=7)
    second, _ = one.reset()
    assert not np.array_equal(first, second)
    with pytest.raises(ValueError, match="one seed per copy is needed: 3, not 2"):
        one.reset(seed=[1, 2])


@pytest.mark.parametrize("settings", SYSTEMS)
@pytest.mark.parametrize("half_steps", range(7))
def test_a_saved_state_continues_exactly_from_any_half_step(settings, half_steps):
    config = MecConfig(**settings)
    env = MecVectorEnv(config, 3)
    env.reset(seed=5)
    for step in range(half_steps):
        env.step(fixed_action(env, step))
    state, acting = env.get_state(), env.acting
    shown = env.observations()
    rest = [env.step(fixed_action(env, 50 + step))[:3] for step in range(12)]
    other = MecVectorEnv(config, 3)
    other.reset(seed=99)
    other.set_state(state)
    assert other.acting == acting
    np.testing.assert_array_equal(other.observations(), shown)
    for step, expected in enumerate(rest):
        for ours, theirs in zip(other.step(fixed_action(other, 50 + step))[:3], expected,
                                strict=True):  # fmt: skip
            np.testing.assert_array_equal(ours, theirs)


def test_a_state_of_another_system_is_refused():
    env = MecVectorEnv(MecConfig(), 2)
    with pytest.raises(ValueError, match=r"must have shape \(2, 5\), not \(2, 6\)"):
        env.set_state(MecVectorEnv(MecConfig(n_users=6), 2).get_state())
    with pytest.raises(ValueError, match="state must have the keys"):
        env.set_state({})


def test_actions_of_another_shape_or_nan_are_refused():
    env = MecVectorEnv(MecConfig(), 2)
    with pytest.raises(
        ValueError, match=r"actions of ue must have shape \(2, 5, 2\), not \(2, 5\)"
    ):
        env.step(np.zeros((2, 5)))
    actions = np.zeros((2, 5, 2))
    actions[1, 3, 0] = np.nan
    with pytest.raises(ValueError, match="actions of ue contain NaN"):
        env.step(actions)


def test_actions_are_cut_off_at_their_bounds():
    config = MecConfig(slots=2)
    one, other = MecVectorEnv(config, 2), MecVectorEnv(config, 2)
    for env, scale in ((one, 1.0), (other, 1e30)):
        env.reset(seed=0)
        env.step(scale * np.array([[[5.0, 5.0], [5, -5], [-5, 5], [5, 5], [5, -5]]] * 2))
    np.testing.assert_array_equal(one.sent.share, other.sent.share)


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"n_users": 3}, {"ue": 3, "cluster": 0}),
        ({"n_users": MOST_PARTS + 1}, {"ue": 0, "cluster": 0}),
        ({"n_users": 6, "n_clusters": 2}, {"ue": 0, "cluster": 2}),
    ],
)
def test_metrics_come_at_the_end_for_each_existing_part(settings, parts):
    env = MecVectorEnv(MecConfig(slots=1, **settings), 2)
    env.reset(seed=0)
    for _ in env.roles[:-1]:
        *_, ended, _, infos = env.step(fixed_action(env, 0))
        assert not ended.any()
        assert infos == {}
    *_, ended, _, infos = env.step(fixed_action(env, 0))
    assert ended.all()
    final = infos["final_info"]
    for part, count in parts.items():
        assert final[f"{part}_qos"].shape == final[f"{part}_energy"].shape == (2, count)
    assert infos["_final_info"].all()
    assert final["_qos"].all()


def test_later_roles_see_what_was_decided_in_the_same_slot():
    config = MecConfig(n_users=6, n_clusters=2)
    env = MecVectorEnv(config, 1)
    env.reset(seed=1)
    cluster = env.situation.queues.cluster[0]
    seen, *_ = env.step(np.array([[[0.0, np.log(3.0)]]]))
    np.testing.assert_allclose(seen[0, :, 5], np.where(cluster == 0, 1.5, 4.5), rtol=1e-6)
    offload = np.array([1, -1, 1, -1, 1, 1.0])
    seen, *_ = env.step(np.stack([offload, np.zeros(6)], axis=1)[None])
    queues = env.situation.queues
    shown = seen[0][queues.present[0]]
    users = queues.members[0][queues.present[0]]
    np.testing.assert_array_equal(shown[:, 5], offload[users] > 0)
    np.testing.assert_allclose(shown[:, 6], (offload[users] > 0) / 4, rtol=1e-6)
    assert not seen[0][~queues.present[0]].any()
    seen, *_ = env.step(np.zeros((1, 2, config.members)))
    ratios = [(offload > 0)[cluster == k].mean() for k in range(2)]
    np.testing.assert_allclose(seen[0, 0, :, 4], ratios, rtol=1e-6)


def test_without_a_slot_length_the_past_does_not_matter_and_with_one_it_does():
    for slot_s, matters in ((None, False), (0.2, True)):
        results = []
        for offload in (-1.0, 1.0):
            env = MecVectorEnv(MecConfig(slots=5, slot_s=slot_s), 1)
            env.reset(seed=0)
            env.step(np.full((1, 5, 2), offload))
            env.step(np.zeros((1, 1, 5)))
            env.step(np.ones((1, 5, 2)))
            _, rewards, *_ = env.step(np.zeros((1, 1, 5)))
            results.append(rewards[0])
        assert (results[0] != results[1]) == matters
        assert not matters or results[1] < results[0]


def test_qos_is_one_until_the_deadline_and_gone_at_twice_the_deadline():
    times = np.array([0.0, 1.9, 2.0, 2.5, 3.0, 4.0, 9.0])
    np.testing.assert_allclose(quality(times, np.full(7, 2.0)), [1, 1, 1, 0.75, 0.5, 0, 0])
