"""What the policy sees: a row of features for every cached block, the same for every cache size.

Times are counted in requests and divided by the number of places, so that a large cache looks like
a small one. They are logarithmic: it matters whether a block was requested 10 or 20 requests ago,
but not whether it was 1010 or 1020.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rlsys_cache.vector_env import CacheVectorEnv

FEATURES = (
    "present",
    "time since the last request",
    "time between the last two requests",
    "time between the two requests before",
    "requests in the episode",
    "hits since admission",
    "time since admission",
    # Sums over past requests of 2 ** -(age / half-life): a frequency that decays.
    "recent requests, short half-life",
    "recent requests, long half-life",
    # Small for a block that was read right after the one before it on the disk: part of a file.
    "time between the request for the block before it and its own",
    "rank of the time since the last request",
    "rank of the requests in the episode",
)

_SHORT, _LONG = 1.0, 8.0
"""Half-lives in numbers of places."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class History:
    """What is remembered about every block of the episode, cached or not, (N, blocks)."""

    def __init__(self, num_envs: int, blocks: int, places: int) -> None:
        shape = (num_envs, blocks)
        self._places = places
        self.last = np.full(shape, -1, np.int64)
        self.gap = np.full(shape, -1, np.int64)
        self.gap_before = np.full(shape, -1, np.int64)
        self.count = np.zeros(shape, np.int64)
        self.neighbour = np.zeros(shape, np.int64)
        self.short = np.zeros(shape)
        self.long = np.zeros(shape)

    def forget(self, copies: Ints) -> None:
        """Start an episode in `copies`."""
        for name, array in vars(self).items():
            if isinstance(array, np.ndarray):
                array[copies] = _UNKNOWN.get(name, 0)

    def note(self, copies: Ints, keys: Ints, now: Ints, neighbour: Ints) -> None:
        """Note a request for block `keys` of each of `copies` at the time `now`."""
        at = (copies, keys)
        last = self.last[at]
        known = last >= 0
        age = now - last
        self.gap_before[at] = self.gap[at]
        self.gap[at] = np.where(known, age, -1)
        self.short[at] = 1.0 + self.short[at] * self.decay(age, _SHORT)
        self.long[at] = 1.0 + self.long[at] * self.decay(age, _LONG)
        self.count[at] += 1
        self.neighbour[at] = neighbour
        self.last[at] = now

    def decay(self, age: Ints, half_life: float) -> Floats:
        """Return the weight of a request `age` requests ago."""
        weight: Floats = np.exp2(-age / (half_life * self._places))
        return weight

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return all arrays by name."""
        return {k: v.copy() for k, v in vars(self).items() if isinstance(v, np.ndarray)}

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore the result of `get_state`."""
        for name, array in state.items():
            setattr(self, name, np.array(array))


_UNKNOWN = {"last": -1, "gap": -1, "gap_before": -1}


def observe(env: CacheVectorEnv) -> NDArray[np.float32]:
    """Return the observations of all copies, (N, K, features), within 0..1."""
    history, places = env.history, env.config.size
    rows = np.arange(env.num_envs)[:, None]
    at = (rows, np.maximum(env.cached, 0))
    now = env.now[:, None]
    age = now - env.requested
    count = history.count[at]
    columns = (
        np.ones(env.cached.shape),
        _time(age, places),
        _time(history.gap[at], places),
        _time(history.gap_before[at], places),
        np.log2(1 + count) / 8,
        np.log2(1 + env.hits) / 8,
        _time(now - env.admitted, places),
        _share(history.short[at] * history.decay(age, _SHORT)),
        _share(history.long[at] * history.decay(age, _LONG)),
        _time(history.neighbour[at], places),
        _rank(age),
        # Among equal counts the older block ranks lower, as in LFU.
        _rank(count * (env.config.requests + 1) - age),
    )
    features = np.stack(columns, axis=-1) * (env.cached >= 0)[..., None]
    return np.clip(features, 0.0, 1.0).astype(np.float32)


def _time(requests: Ints, places: int) -> Floats:
    """Return a time as a logarithm within 0..1; 1 if it is unknown (below 0)."""
    scaled = np.log2(1 + 4 * np.maximum(requests, 0) / places) / 8
    return np.where(requests < 0, 1.0, scaled)


def _share(amount: Floats) -> Floats:
    return amount / (1.0 + amount)


def _rank(values: Ints) -> Floats:
    """Return each value's rank in its row, from 0 (lowest) to 1."""
    ranks: Ints = values.argsort(axis=1).argsort(axis=1)
    return ranks / np.float64(max(values.shape[1] - 1, 1))
