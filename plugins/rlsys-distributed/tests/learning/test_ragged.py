"""Minibatches of a ragged rollout: every step once, and never a single one."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys_distributed.learning.ragged import RaggedRollout


@pytest.mark.parametrize("count", [2, 31, 32, 33, 64, 65, 66, 97])
@pytest.mark.parametrize("size", [2, 32, None])
def test_every_step_comes_once_and_none_alone(count, size):
    steps = np.arange(count, dtype=np.float32)
    rollout = RaggedRollout(
        steps[:, None], steps, steps, steps, steps, steps, None, np.random.default_rng(0)
    )
    batches = [batch.returns.tolist() for batch in rollout.get(size)]
    assert sorted(step for batch in batches for step in batch) == steps.tolist()
    assert min(map(len, batches)) >= 2
    assert max(map(len, batches)) <= (size or count) + 1
