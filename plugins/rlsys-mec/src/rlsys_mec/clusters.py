"""Group users by distance and clock, and put their tasks into queues."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys_mec.config import MecConfig

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def flat_index(index: Ints, width: int) -> Ints:
    """Return indices along a last axis of `width` as indices into the flattened array."""
    rows = index.size // index.shape[-1]
    begin = np.arange(0, rows * width, width).reshape(*index.shape[:-1], 1)
    return index + begin


def along(values: NDArray[Any], index: Ints) -> NDArray[Any]:
    """Return ``np.take_along_axis`` along the last axis, three times as fast."""
    return values.ravel().take(flat_index(index, values.shape[-1]))


class Queues(NamedTuple):
    """Who is in which queue of the server: B copies, K queues, M places.

    Attributes:
        members: (B, K, M) users, 0 at empty places.
        present: (B, K, M) whether the place has a user.
        cluster: (B, N) the queue of every user.
        place: (B, N) its index among the K * M places.
    """

    members: Ints
    present: NDArray[np.bool_]
    cluster: Ints
    place: Ints

    def take(self, copies: Ints) -> Queues:
        """Return the queues of some copies, in that order."""
        return Queues._make(array[copies] for array in self)

    def of_users(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return per-user values (B, N) by place (B, K, M); empty places have arbitrary values."""
        if self.members.shape[1] == 1:
            return values[:, None, :]
        return along(values, self.members.reshape(len(values), -1)).reshape(self.members.shape)

    def to_users(self, values: Floats) -> Floats:
        """Return values by place (B, K, M) per user (B, N)."""
        if self.members.shape[1] == 1:
            return values[:, 0, :]
        return along(values.reshape(len(values), -1), self.place)

    def sums(self, values: Floats) -> Floats:
        """Return the sums of per-user values (B, N) over each queue, (B, K)."""
        copies, queues, _ = self.members.shape
        index = self.cluster + queues * np.arange(copies)[:, None]
        total = np.bincount(index.ravel(), np.asarray(values, np.float64).ravel(), copies * queues)
        return np.asarray(total, np.float64).reshape(copies, queues)


def queues_of(config: MecConfig, cluster: Ints) -> Queues:
    """Build the queues; members are in index order.

    Args:
        cluster: (B, N) in 0..K-1.
    """
    copies, users = cluster.shape
    shape = (copies, config.queues, config.members)
    order = np.argsort(cluster, axis=1, kind="stable")
    grouped = np.take_along_axis(cluster, order, axis=1)
    sizes = (cluster[:, :, None] == np.arange(config.queues)).sum(axis=1)
    before = np.cumsum(sizes, axis=1) - sizes
    position = np.arange(users) - np.take_along_axis(before, grouped, axis=1)
    index = grouped * config.members + position
    members = np.zeros((copies, shape[1] * shape[2]), np.int64)
    present = np.zeros(members.shape, np.bool_)
    place = np.zeros((copies, users), np.int64)
    np.put_along_axis(members, index, order, axis=1)
    np.put_along_axis(present, index, True, axis=1)
    np.put_along_axis(place, order, index, axis=1)
    return Queues(members.reshape(shape), present.reshape(shape), cluster, place)


def cluster_users(config: MecConfig, distance_m: Floats, local_ghz: Floats) -> Ints:
    """Return the cluster of every user of one copy, (N,).

    k-means on distance and clock, each scaled by its range. Clusters are numbered from near to far.
    If k-means leaves a cluster empty, for example because all users are alike, it gets the member
    farthest from the centre of the largest cluster. If a cluster is larger than
    `MecConfig.members`, its farthest members move to the nearest cluster with room.
    """
    if config.queues == 1:
        return np.zeros(len(distance_m), np.int64)
    points = np.stack(
        [_unit(distance_m, config.distance_m), _unit(local_ghz, config.local_ghz)], axis=1
    )
    labels = _k_means(points, config.queues)
    _fill_empty(points, labels, config.queues)
    centres = _centres(points, labels, config.queues)
    rank = np.empty(config.queues, np.int64)
    rank[np.lexsort((centres[:, 1], centres[:, 0]))] = np.arange(config.queues)
    labels = rank[labels]
    _spill(points, labels, config.queues, config.members)
    return labels


def _unit(values: Floats, limits: tuple[float, float]) -> Floats:
    low, high = limits
    return (values - low) / ((high - low) or 1.0)


def _k_means(points: Floats, count: int) -> Ints:
    from sklearn.cluster import KMeans  # type: ignore[import-untyped]
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        # There may be fewer distinct points than clusters; `_fill_empty` handles that.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = KMeans(count, n_init=1, random_state=0).fit(points)
    return np.asarray(fitted.labels_, np.int64)


def _centres(points: Floats, labels: Ints, count: int) -> Floats:
    return np.stack([points[labels == one].mean(axis=0) for one in range(count)])


def _fill_empty(points: Floats, labels: Ints, count: int) -> None:
    for empty in np.setdiff1d(np.arange(count), labels):
        largest = np.argmax(np.bincount(labels, minlength=count))
        own = np.flatnonzero(labels == largest)
        away = np.square(points[own] - points[own].mean(axis=0)).sum(axis=1)
        labels[own[np.argmax(away)]] = empty


def _spill(points: Floats, labels: Ints, count: int, room: int) -> None:
    while (sizes := np.bincount(labels, minlength=count)).max() > room:
        centres = _centres(points, labels, count)
        full = int(np.argmax(sizes))
        own = np.flatnonzero(labels == full)
        away = np.square(points[own] - centres[full]).sum(axis=1)
        moved = own[np.argmax(away)]
        apart = np.square(points[moved] - centres).sum(axis=1)
        labels[moved] = np.argmin(np.where(sizes < room, apart, np.inf))
