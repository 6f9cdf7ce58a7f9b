"""The interface that learned policies, baselines and oracles share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rlsys.network import Network

if TYPE_CHECKING:
    from gymnasium.vector import VectorEnv

Array = NDArray[Any]


@runtime_checkable
class Controller(Protocol):
    """Chooses the actions of all copies of a batched environment."""

    def reset(self, env: VectorEnv[Any, Any, Any]) -> None:
        """Prepare to act: an episode has just started in every copy of `env`."""

    def act(self, env: VectorEnv[Any, Any, Any], observations: Array) -> Array:
        """Return one action per copy, shape (num_envs, ...).

        A learned controller uses only `observations` and the action masks. A baseline may read
        the public state of `env`.
        """


@runtime_checkable
class Oracle(Controller, Protocol):
    """A controller that achieves the optimum and knows the value of every action.

    It may have the attribute ``tolerance``: by how much an episode may still earn more. It is
    infinite for the best that a search finds; a controller that earns more is then no error.
    """

    name: str
    """``optimum``, or another name such as ``clairvoyant-bound`` or ``best-found``."""

    def action_values(self, env: VectorEnv[Any, Any, Any]) -> NDArray[np.float64]:
        """Return the best achievable remaining return after each action in the current state.

        Shape (num_envs, n_actions); -inf where an action is masked.
        """


def action_masks(env: VectorEnv[Any, Any, Any]) -> NDArray[np.bool_] | None:
    """Return the masks of all copies, shape (num_envs, n_actions), or None if there are none."""
    masks = getattr(env, "action_masks", None)
    return None if masks is None else np.asarray(masks(), dtype=bool)


class NetworkController:
    """Runs a portable network; needs only NumPy."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def reset(self, env: VectorEnv[Any, Any, Any]) -> None:
        """Do nothing: the network has no memory."""

    def act(self, env: VectorEnv[Any, Any, Any], observations: Array) -> Array:
        """Return the network's actions under the environment's masks."""
        masks = action_masks(env) if self.network.masked else None
        return self.network.act(observations, masks)
