"""A configuration as a portable network, which gives the same action whatever it observes.

This way evaluation, comparison and export treat what a searcher found like any learned policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.network import Decoding, Dense, Network, Stack


def constant_policy(point: NDArray[np.float32], observed: int, notes: Mapping[str, Any]) -> Network:
    """Return the network whose action is `point`, shape (d,), exactly.

    Args:
        observed: length of an observation.
        notes: kept with it, JSON values.
    """
    layer = Dense(np.zeros((len(point), observed), np.float32), np.asarray(point, np.float32))
    low, high = np.zeros_like(layer.bias), np.ones_like(layer.bias)
    return Network(Stack((layer,)), Decoding("clip", low=low, high=high), notes=notes)
