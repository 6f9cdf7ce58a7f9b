"""Whether something can be learned from a trajectory; what is wrong is said in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.spaces import Box, Discrete, MultiDiscrete, Space
from rlsys_distributed.wire.tensors import from_tensor

Array = NDArray[Any]


class TrajectoryChecker:
    """Checks the trajectories of one model.

    Args:
        observation, action: its spaces.
        masked: whether every step has a mask.
        log_probabilities: whether every step has one.
        most_steps: of one trajectory.
    """

    def __init__(
        self,
        observation: Box,
        action: Space,
        *,
        masked: bool,
        log_probabilities: bool,
        most_steps: int,
    ) -> None:
        self._observation = observation
        self._action = action
        self._masked = masked
        self._log_probabilities = log_probabilities
        self._most_steps = most_steps

    def steps(self, told: pb.Trajectory) -> int:
        """Return the number of steps of a trajectory that can be learned from.

        Raises:
            WireError: something is wrong with it.
        """
        steps = int(told.rewards.shape[0]) if len(told.rewards.shape) == 1 else 0
        if not 1 <= steps <= self._most_steps:
            raise WireError(
                f"rewards: shape {tuple(told.rewards.shape)}; allowed are 1 to {self._most_steps} "
                "steps"
            )
        if told.ending not in (pb.CUT, pb.TERMINATED, pb.TRUNCATED):
            raise WireError("ending: must be CUT, TERMINATED or TRUNCATED")
        dtype = np.dtype(self._observation.dtype)
        shape = self._observation.shape
        _finite(_array(told.observations, "observations", dtype, (steps, *shape)), "observation")
        _finite(_array(told.rewards, "rewards", np.dtype(np.float64), (steps,)), "reward")
        self._check_actions(told, steps)
        if told.HasField("next_observation") != (told.ending != pb.TERMINATED):
            raise WireError(
                "next_observation: must be there unless the episode TERMINATED, and only then"
            )
        if told.HasField("next_observation"):
            last = _array(told.next_observation, "next_observation", dtype, shape)
            _finite(last[None], "next_observation")
        if self._log_probabilities:
            known = _array(
                told.log_probabilities, "log_probabilities", np.dtype(np.float32), (steps,)
            )
            _finite(known, "log_probability")
        counted = sum(run.steps for run in told.versions)
        if counted != steps:
            raise WireError(f"versions: they count {counted} steps, not {steps}")
        return steps

    def _check_actions(self, told: pb.Trajectory, steps: int) -> None:
        space = self._action
        if isinstance(space, Box):
            actions = _array(told.actions, "actions", np.dtype(np.float32), (steps, *space.shape))
            _finite(actions, "action")
            return
        if isinstance(space, MultiDiscrete):
            shape: tuple[int, ...] = (steps, len(space.n))
            low, high = np.zeros(len(space.n)), np.array(space.n) - 1
        else:
            shape, low, high = (steps,), np.array(space.start), np.array(space.start + space.n - 1)
        actions = _array(told.actions, "actions", np.dtype(np.int64), shape)
        outside = (actions < low) | (actions > high)
        if outside.any():
            step = int(np.argwhere(outside)[0][0])
            raise WireError(
                f"action in step {step}: {actions[step]}; allowed are {low.tolist()} to "
                f"{high.tolist()}"
            )
        if self._masked and isinstance(space, Discrete):
            self._check_masks(told, actions - space.start, space.n)

    def _check_masks(self, told: pb.Trajectory, actions: Array, n: int) -> None:
        steps = len(actions)
        masks = _array(told.masks, "masks", np.dtype(np.bool_), (steps, n))
        allowed = masks[np.arange(steps), actions]
        if not allowed.all():
            step = int(np.argmin(allowed))
            raise WireError(
                f"action in step {step}: {int(actions[step])} is not allowed by its mask"
            )
        if told.HasField("next_observation"):
            last = _array(told.next_mask, "next_mask", np.dtype(np.bool_), (n,))
            if not last.any():
                raise WireError("next_mask: allows no action")


def _array(tensor: pb.Tensor, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    array = from_tensor(tensor, name)
    if array.dtype != dtype or array.shape != shape:
        raise WireError(
            f"{name}: {array.dtype.name} of shape {array.shape}; must be {dtype.name} of shape "
            f"{shape}"
        )
    return array


def _finite(values: Array, name: str) -> None:
    """Refuse NaN and infinity; the first axis counts steps."""
    if values.dtype.kind != "f":
        return
    fine = np.isfinite(values)
    if not fine.all():
        place = np.argwhere(~fine)[0]
        inside = "".join(f"[{i}]" for i in place[1:])
        raise WireError(
            f"{name} in step {int(place[0])}: value{inside} is {values[tuple(place)]}; it must be "
            "finite"
        )
