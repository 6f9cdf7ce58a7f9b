"""A batch in which several kinds of agent decide in turn; see `rlsys.roles`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.batch import Array, Batch
from rlsys.batched.copies import Seeds, final_infos
from rlsys.batched.outcome import Outcome
from rlsys.roles import Role


class BatchedRolesEnv(Batch):
    """N copies of a system with roles, stepped together, with same-step autoreset.

    As in `rlsys.batched.BatchedEnv`, an environment writes ``begin(copies)``, ``observations()``,
    ``advance(actions)``, and optionally ``metrics()`` and ``saved``. Two things differ:

    * ``observations()`` is what the `acting` role sees, (num_envs, agents, ...).
    * ``advance(actions)`` gets the actions of the `acting` role, (num_envs, agents, ...). It
      returns an `Outcome` in the half-step of the last role, and None before it.

    Args:
        num_envs: number of copies.
        roles: in the order in which they decide.

    Attributes:
        turn: index of the role that acts now.

    Raises:
        ValueError: there is not even one copy.
    """

    _always_saved = ("turn",)

    def __init__(self, num_envs: int, roles: tuple[Role, ...]) -> None:
        super().__init__(num_envs)
        self.roles = roles
        self.turn = 0

    @property
    def acting(self) -> str:
        """Name of the role that acts now."""
        return self.roles[self.turn].name

    def advance(self, actions: Array) -> Outcome | None:
        """Do the half-step of the acting role; the class says what to return."""
        raise NotImplementedError(f"{type(self).__name__} needs advance(actions)")

    def reset(self, *, seed: Seeds = None, options: Any = None) -> tuple[Array, dict[str, Any]]:
        """Start new episodes in all copies and return what the first role sees.

        Args:
            seed: as in `Batch.reset`.
            options: ignored; the roles decide in turn in all copies at once.
        """
        del options
        self.turn = 0
        return super().reset(seed=seed)

    def step(
        self, actions: Array
    ) -> tuple[Array, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Do one half-step in every copy; where the last one ends an episode, the next one begins.

        Raises:
            ValueError: the actions, or what `advance` returned, have another shape.
            TypeError: `advance` has no outcome in the last half-step, or one before it.
        """
        role = self.roles[self.turn]
        given = np.array(actions)
        wanted = (self.num_envs, role.agents, *(role.action_space.shape or ()))
        if given.shape != wanted:
            raise ValueError(f"actions of {role.name} must have shape {wanted}, not {given.shape}")
        outcome = self.advance(given)
        self.turn = (self.turn + 1) % len(self.roles)
        if (outcome is None) == (self.turn == 0):
            raise TypeError(
                f"{type(self).__name__}.advance returned {outcome} after {role.name}; it must "
                f"return an Outcome after {self.roles[-1].name}, and None after the others"
            )
        infos: dict[str, Any] = {}
        if outcome is None:
            rewards = np.zeros(self.num_envs, np.float64)
            terminated = np.zeros(self.num_envs, np.bool_)
            truncated = np.zeros(self.num_envs, np.bool_)
        else:
            rewards, terminated, truncated = self._spread(outcome)
            ended = terminated | truncated
            if ended.any():
                infos = final_infos(ended, self.metrics())
                self.begin(np.flatnonzero(ended))
        return self._observed(), rewards, terminated, truncated, infos

    def _observed(self) -> Array:
        return np.array(self.observations(), self.roles[self.turn].observation_space.dtype)
