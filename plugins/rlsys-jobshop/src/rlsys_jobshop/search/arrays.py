"""Arrays of whole numbers, and copying them in compiled code, which allocates nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import kernel

Ints = NDArray[np.int64]


@kernel
def copy_into(target: Ints, source: Ints) -> None:
    """Copy one-dimensional `source` into `target`, which is as long."""
    for index in range(len(source)):
        target[index] = source[index]
