"""Every user is in one cluster, none is empty or too full, and queues keep all users."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys_mec.clusters import cluster_users, queues_of
from rlsys_mec.config import MecConfig


@given(
    users=st.integers(1, 60),
    clusters=st.integers(1, 10),
    kinds=st.integers(1, 60),
    room=st.sampled_from([1.0, 1.2, 2.0, 100.0]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_no_cluster_is_empty_or_overfull_even_if_users_are_alike(
    users, clusters, kinds, room, seed
):
    config = MecConfig(n_users=users, n_clusters=min(clusters, users), cluster_room=room)
    random = np.random.default_rng(seed)
    kind = random.integers(kinds, size=users)
    distance = random.uniform(10, 50, kinds)[kind]
    clock = random.uniform(0.5, 1.5, kinds)[kind]
    labels = cluster_users(config, distance, clock)
    sizes = np.bincount(labels, minlength=config.queues)
    assert len(sizes) == config.queues
    assert sizes.sum() == users
    assert sizes.min() >= 1
    assert sizes.max() <= config.members


def test_obvious_groups_are_found_and_numbered_from_near_to_far():
    config = MecConfig(n_users=9, n_clusters=3)
    distance = np.array([30, 48, 11, 31, 49, 12, 29, 47, 10.0])
    clock = np.array([1.0, 0.6, 1.4] * 3)
    np.testing.assert_array_equal(cluster_users(config, distance, clock), [1, 2, 0] * 3)


def test_who_does_not_fit_goes_to_the_nearest_cluster_with_room():
    config = MecConfig(n_users=6, n_clusters=3, cluster_room=1.0)
    assert config.members == 2
    distance = np.array([10.0, 10.0, 12.0, 20.0, 50.0, 50.0])
    clock = np.full(6, 1.0)
    # k-means puts the first three together; the farthest of them moves to the neighbour at 20 m.
    np.testing.assert_array_equal(cluster_users(config, distance, clock), [0, 0, 1, 1, 2, 2])


@given(seed=st.integers(0, 1000), clusters=st.integers(1, 6), users=st.integers(6, 40))
@settings(deadline=None)
def test_values_come_back_to_the_users_they_are_of(seed, clusters, users):
    config = MecConfig(n_users=users, n_clusters=clusters, cluster_room=100.0)
    random = np.random.default_rng(seed)
    labels = np.stack([random.permutation(np.arange(users) % clusters) for _ in range(3)])
    queues = queues_of(config, labels)
    values = random.random((3, users))
    np.testing.assert_array_equal(queues.to_users(queues.of_users(values)), values)
    for copy in range(3):
        for cluster in range(clusters):
            own = np.flatnonzero(labels[copy] == cluster)
            places = queues.members[copy, cluster][queues.present[copy, cluster]]
            np.testing.assert_array_equal(places, own)
            assert queues.sums(values)[copy, cluster] == pytest.approx(values[copy, own].sum())
