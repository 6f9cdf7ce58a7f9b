"""What a tuned machine is compared with: the machine as it is, and a random configuration."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlsys_sysctl.config import SysctlConfig


class Default:
    """Leaves everything as it is."""

    def __init__(self, config: SysctlConfig) -> None:
        del config

    def reset(self, env: VectorEnv[Any, Any, Any]) -> None:
        """There is nothing to prepare."""

    def act(self, env: VectorEnv[Any, Any, Any], observations: NDArray[Any]) -> NDArray[Any]:
        """Return the point of the default configuration for every copy."""
        del observations
        points: NDArray[Any] = env.default_points()  # type: ignore[attr-defined]
        return points


class RandomPoint:
    """Draws every configuration uniformly; the same ones in every evaluation."""

    def __init__(self, config: SysctlConfig) -> None:
        self._dimension = config.workload.space.dimension
        self._random = np.random.default_rng(0)

    def reset(self, env: VectorEnv[Any, Any, Any]) -> None:
        """Start the draws over."""
        del env
        self._random = np.random.default_rng(0)

    def act(self, env: VectorEnv[Any, Any, Any], observations: NDArray[Any]) -> NDArray[Any]:
        """Return random points."""
        del observations
        return self._random.random((env.num_envs, self._dimension)).astype(np.float32)
