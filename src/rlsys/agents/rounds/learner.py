"""What `self-labelling` and `imitation` share: a torch network with its optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from torch import Tensor

from rlsys.agents.masking import masked_log_softmax
from rlsys.agents.settings import NetworkSettings
from rlsys.agents.torch_network import TorchNetwork, fresh_network
from rlsys.agents.torch_states import pack, require_same_tensors, unpack
from rlsys.errors import UserError
from rlsys.network import Network, Scorer
from rlsys.policies import Policy


class Learner:
    """A network in training.

    Args:
        network: the network to train, in place.
        max_grad_norm: maximum norm of the gradients; larger ones are scaled down.
    """

    def __init__(self, network: TorchNetwork, max_grad_norm: float) -> None:
        self.network = network
        self.optimizer = torch.optim.Adam(network.parameters(), fused=True)
        self._max_grad_norm = max_grad_norm

    def logits(self, observations: NDArray[Any]) -> NDArray[np.float32]:
        """Return the logits (N, n_actions) for `observations` (N, ...), without gradients.

        This uses torch, because NumPy's threads cannot be limited once it is loaded.
        """
        with torch.no_grad():
            logits: Tensor = self.network(torch.from_numpy(np.asarray(observations, np.float32)))
        return logits.numpy()

    def log_probabilities(self, observations: Tensor, masks: Tensor) -> Tensor:
        """Return log-probabilities (N, n_actions); about -1e8 where masked."""
        return masked_log_softmax(self.network(observations), masks)

    def descend(self, loss: Tensor, learning_rate: float) -> None:
        """Do one gradient step."""
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self._max_grad_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.step()

    def get_state(self) -> dict[str, Any]:
        """Return the weights and the optimiser's state for a checkpoint."""
        return {
            "network": pack(self.network.state_dict()),
            "optimizer": pack(self.optimizer.state_dict()),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore the result of `get_state`.

        Raises:
            UserError: the network's sizes have changed since.
        """
        require_same_tensors(state["network"], self.network.state_dict(), "the network")
        self.network.load_state_dict(unpack(state["network"]))
        self.optimizer.load_state_dict(unpack(state["optimizer"]))


def begin_network(
    env: VectorEnv[Any, Any, Any], settings: NetworkSettings, start: Policy | None, seed: int
) -> TorchNetwork:
    """Return `start` for further training, or a fresh network.

    Args:
        env: determines the observations and actions.
        settings: sizes of a fresh network.
        start: the network of the previous agent, or None.
        seed: seed of fresh weights.

    Raises:
        UserError: `start` does not match the environment.
    """
    masked = hasattr(env, "action_masks")
    observation, action = env.single_observation_space, env.single_action_space
    if start is None:
        return fresh_network(
            observation,
            action,
            net_arch=settings.net_arch,
            encoder=settings.encoder,
            scorer=settings.scorer,
            activation=settings.activation,
            masked=masked,
            seed=seed,
        )
    wanted = _signature(fresh_network(observation, action).to_network())
    if not isinstance(start, Network):
        raise UserError(
            "the policy to start from has several roles, but this agent needs a single network; "
            "start without it"
        )
    given = _signature(start)
    if given != wanted:
        raise UserError(
            f"the network to start from does not match the environment: it {given}, "
            f"but the environment needs one that {wanted}; start without it"
        )
    return TorchNetwork(start)


def _signature(network: Network) -> str:
    """Describe a network's inputs and outputs in words."""
    first = next(iter(network.layers().values()))[0].weight.shape[1]
    if isinstance(network.body, Scorer):
        last = network.body.rest[-1].weight.shape[0] if network.body.rest else 0
        shape = f"scores items of {first} features and {last} more actions"
    else:
        outputs = network.body.layers[-1].weight.shape[0]
        shape = f"maps {first} observed values to {outputs} actions"
    return f"{shape}, decoded by {network.decoding.kind} from {network.decoding.start}"
