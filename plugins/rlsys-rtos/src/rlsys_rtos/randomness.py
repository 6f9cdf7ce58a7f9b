"""One random stream per copy: compiled code can draw from it, and its state is one number.

SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014)
keeps its whole state in 64 bits, so the state of N copies is one array. Saving and restoring a
training needs no pickle, and drawing a random taskset needs no call back into Python.
"""

from __future__ import annotations

import numpy as np

from rlsys.batched.compiled import compiled
from rlsys_rtos.arrays import Streams

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30, _S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)
_TO_UNIT = 2.0**-53


def stream_state(seed: int | None) -> np.uint64:
    """Return the initial state of the stream of `seed` (None: from the system's entropy)."""
    state: np.uint64 = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    return state


@compiled
def uniform(streams: Streams, copy: int) -> float:
    """Draw a float64 in [0, 1) from the stream of one copy and advance it."""
    streams[copy] += _GAMMA
    bits = streams[copy]
    bits = (bits ^ (bits >> _S30)) * _MIX_1
    bits = (bits ^ (bits >> _S27)) * _MIX_2
    bits = bits ^ (bits >> _S31)
    return np.float64(bits >> _S11) * _TO_UNIT


@compiled
def integer(streams: Streams, copy: int, low: int, high: int) -> int:
    """Draw an integer uniformly from low..high, both included; draws nothing if they are equal."""
    if high <= low:
        return low
    return low + int(uniform(streams, copy) * (high - low + 1))
