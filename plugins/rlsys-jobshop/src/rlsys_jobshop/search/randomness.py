"""A random stream that compiled code draws from; its whole state is one number.

SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import kernel
from rlsys.errors import UserError

Stream = NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S33 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(33)


def stream_of(seed: int) -> Stream:
    """Return the stream of a seed, uint64 (1,).

    Raises:
        UserError: the seed is negative.
    """
    if seed < 0:
        raise UserError(f"seed is {seed}; it must be at least 0")
    return np.random.SeedSequence(seed).generate_state(1, np.uint64).astype(np.uint64)


@kernel
def bits(stream: Stream) -> int:
    """Draw 31 random bits and advance the stream."""
    stream[0] += _GAMMA
    value = stream[0]
    value = (value ^ (value >> _S30)) * _MIX_1
    value = (value ^ (value >> _S27)) * _MIX_2
    return int((value ^ (value >> _S31)) >> _S33)


@kernel
def below(stream: Stream, limit: int) -> int:
    """Draw a whole number from 0 to ``limit - 1``."""
    return (bits(stream) * limit) >> 31
