"""The fixed-point policy at work in an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsys.controllers import action_masks
from rlsys_rust_q10.arithmetic.fixed_point import Ints
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy

if TYPE_CHECKING:
    from gymnasium.vector import VectorEnv


class FixedPointController:
    """Decides as the target does.

    If the environment can build its observations in integers (``fixed_point_observations``), those
    are used; otherwise the floating-point observation is rounded.
    """

    def __init__(self, policy: QuantisedPolicy) -> None:
        self.policy = policy

    def reset(self, env: VectorEnv[Any, Any, Any]) -> None:
        """Do nothing: the policy has no memory."""

    def observe(self, env: VectorEnv[Any, Any, Any], observations: NDArray[Any]) -> Ints:
        """Return the observations in fixed point, (num_envs, ...)."""
        build = getattr(env, "fixed_point_observations", None)
        if build is None:
            return self.policy.fixed_observations(observations)
        return np.asarray(build(self.policy.bits), dtype=np.int64)

    def act(self, env: VectorEnv[Any, Any, Any], observations: NDArray[Any]) -> NDArray[Any]:
        """Return the policy's actions under the environment's masks."""
        masks = action_masks(env) if self.policy.masked else None
        return self.policy.actions(self.policy.act(self.observe(env, observations), masks))
