"""The batched environment agrees to 1e-9 with the same dynamics in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_mec import PlainMec, PlainStream

from rlsys_mec.clusters import cluster_users
from rlsys_mec.config import MecConfig
from rlsys_mec.randomness import stream_states
from rlsys_mec.vector_env import MecVectorEnv

SYSTEMS = {
    "flat": {"n_users": 5},
    "one user": {"n_users": 1},
    "floor": {"n_users": 12, "spectrum_floor": 0.05, "weight_energy": 0.05},
    "floor that does not fit": {"n_users": 12, "spectrum_floor": 0.2},
    "hierarchy": {"n_users": 30, "n_clusters": 4, "deadline_s": (2.0, 4.0)},
    "one cluster per user": {"n_users": 4, "n_clusters": 4},
    "backlog": {"n_users": 6, "slot_s": 0.7},
    "hierarchy with backlog": {"n_users": 20, "n_clusters": 3, "slot_s": 1.0},
}


def by_agent(role, actions):
    return {f"{role.name}_{index}": row for index, row in enumerate(actions.tolist())}


def assert_same_episodes(config, seed, copies, episodes, bound):
    """Play random actions in both and compare observations, rewards and metrics."""
    env = MecVectorEnv(config, copies)
    observations, _ = env.reset(seed=seed)
    clusters = None
    if config.n_clusters is not None:
        clusters = lambda d, f: cluster_users(config, np.array(d), np.array(f))  # noqa: E731
    starts = stream_states([seed + copy for copy in range(copies)])
    plain = [PlainMec(config, PlainStream(start), clusters) for start in starts]
    shown = [one.reset() for one in plain]
    random = np.random.default_rng(seed)
    for _ in range(episodes):
        returns = np.zeros(copies)
        energy, hits = np.zeros(copies), np.zeros(copies)
        for slot in range(config.slots):
            for role in env.roles:
                for copy in range(copies):
                    seen = np.array(list(shown[copy].values()))
                    np.testing.assert_allclose(observations[copy], seen, rtol=1e-6, atol=1e-6)
                    for row in observations[copy]:
                        assert role.observation_space.contains(row), (role.name, row)
                shape = (copies, role.agents, *role.action_space.shape)
                actions = random.uniform(-bound, bound, shape)
                # Equal priorities keep the order of the places in both.
                actions = np.where(random.random(shape) < 0.2, 0.5, actions)
                situation = env.situation
                observations, rewards, over, cut, infos = env.step(actions)
                told = []
                for copy, one in enumerate(plain):
                    shown[copy], earned, ended, fate = one.step(by_agent(role, actions[copy]))
                    told.append(fate)
                    (reward,) = set(earned.values())
                    assert rewards[copy] == pytest.approx(reward, abs=1e-9)
                    assert over[copy] == ended
                    assert not cut[copy]
            for copy, fate in enumerate(told):
                for index in range(config.n_users):
                    for name, value in fate[f"ue_{index}"].items():
                        ours = getattr(env.outcome, name)[copy, index]
                        assert ours == pytest.approx(value, abs=1e-9), (name, index)
                delay = env.outcome.delay[copy]
                hits[copy] += (delay <= situation.deadline[copy]).sum()
                energy[copy] += sum(one["energy"] for one in fate.values())
            returns += rewards
            assert over.all() == (slot == config.slots - 1)
        final = infos["final_info"]
        np.testing.assert_allclose(final["energy"], energy, rtol=1e-9)
        np.testing.assert_allclose(final["hit_rate"], hits / config.slots / config.n_users)
        earned = config.weight_qos * final["qos"] - config.weight_energy * final["energy"]
        np.testing.assert_allclose(earned, returns, atol=1e-9)
        parts = "ue" if config.n_clusters is None else "cluster"
        np.testing.assert_allclose(final[f"{parts}_qos"].sum(axis=1), final["qos"])
        np.testing.assert_allclose(final[f"{parts}_energy"].sum(axis=1), final["energy"])
        shown = [one.reset() for one in plain]


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_number_agrees(name):
    config = MecConfig(slots=4, **SYSTEMS[name])
    assert_same_episodes(config, seed=17, copies=3, episodes=2, bound=5.0)


@given(
    users=st.integers(1, 9),
    clusters=st.none() | st.integers(1, 4),
    seed=st.integers(0, 2**31),
    floor=st.sampled_from([0.0, 0.01, 0.3]),
    slot_s=st.none() | st.floats(0.1, 3.0),
    bandwidth=st.floats(0.5, 200.0),
    server=st.floats(0.5, 50.0),
    weight=st.sampled_from([0.0, 1e-6, 0.1]),
)
@settings(max_examples=40, deadline=None)
def test_they_agree_whatever_the_system(
    users, clusters, seed, floor, slot_s, bandwidth, server, weight
):
    config = MecConfig(
        n_users=users,
        n_clusters=None if clusters is None else min(clusters, users),
        slots=2,
        spectrum_floor=floor,
        slot_s=slot_s,
        bandwidth_mhz=bandwidth,
        server_ghz=server,
        weight_energy=weight,
    )
    assert_same_episodes(config, seed, copies=2, episodes=1, bound=3.0)
