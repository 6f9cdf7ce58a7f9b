"""What the dynamics of a batched environment return for one step."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray


class Outcome(NamedTuple):
    """The result of one step in all copies.

    Attributes:
        rewards: (num_envs,), or one number for all copies.
        terminated: the copies whose episode is over, bool (num_envs,), or one bool for all copies.
        truncated: the copies whose episode is cut off by a time limit that the policy does not
            see; in the same form. Learners expect that such an episode would have gone on.
    """

    rewards: NDArray[Any] | float
    terminated: NDArray[Any] | bool = False
    truncated: NDArray[Any] | bool = False
