"""One random stream per copy, drawn for all copies at once; its whole state is one number.

SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014)
mixes a counter. So drawing a block of numbers for every copy is one array expression, an episode
does not depend on how copies are batched, and saving a training needs no pickle.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Streams = NDArray[np.uint64]
Floats = NDArray[np.float64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30, _S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)
_TO_UNIT = 2.0**-53


def stream_states(seeds: Sequence[int | None]) -> Streams:
    """Return the initial states of the streams of `seeds` (None: from the system's entropy)."""
    starts = [np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] for seed in seeds]
    return np.array(starts, np.uint64)


def uniforms(streams: Streams, count: int) -> Floats:
    """Draw `count` numbers in [0, 1) from every stream, (N, count), and advance the streams."""
    steps = np.arange(count + 1, dtype=np.uint64) * _GAMMA
    bits = streams[:, None] + steps[1:]
    streams += steps[-1]
    bits ^= bits >> _S30
    bits *= _MIX_1
    bits ^= bits >> _S27
    bits *= _MIX_2
    bits ^= bits >> _S31
    bits >>= _S11
    return bits * _TO_UNIT
