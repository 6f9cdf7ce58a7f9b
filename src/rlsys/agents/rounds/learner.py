"""What `self-labelling` and `imitation` share: a torch network with its optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from torch import Tensor

from rlsys.agents.divergence import require_finite_outputs
from rlsys.agents.masking import masked_log_softmax
from rlsys.agents.settings import NetworkSettings
from rlsys.agents.spaces import has_items
from rlsys.agents.starting import fitting_start
from rlsys.agents.torch_network import TorchNetwork, fresh_network
from rlsys.agents.torch_states import pack, require_same_tensors, unpack
from rlsys.policies import Policy


class Learner:
    """A network in training.

    Args:
        name: the agent's name, for messages.
        network: the network to train, in place.
        max_grad_norm: maximum norm of the gradients; larger ones are scaled down.
    """

    def __init__(self, name: str, network: TorchNetwork, max_grad_norm: float) -> None:
        self.network = network
        self._whose = f"agent {name!r}"
        self.optimizer = torch.optim.Adam(network.parameters(), fused=True)
        self._max_grad_norm = max_grad_norm

    def logits(self, observations: NDArray[Any], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return the logits (N, n_actions) for `observations` (N, ...), without gradients.

        Those of masked actions do not matter, and may not be computed. This uses torch, because
        NumPy's threads cannot be limited once it is loaded.

        Raises:
            UserError: the observations contain NaN or infinity, or training diverged.
        """
        with torch.no_grad():
            seen = torch.from_numpy(np.asarray(observations, np.float32))
            logits: Tensor = self.network(seen, torch.from_numpy(masks))
        outputs = logits.numpy()
        require_finite_outputs(outputs, observations, self._whose)
        return outputs

    def log_probabilities(self, observations: Tensor, masks: Tensor) -> Tensor:
        """Return log-probabilities (N, n_actions); about -1e8 where masked."""
        return masked_log_softmax(self.network(observations.float(), masks), masks)

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
    agent: str,
    env: VectorEnv[Any, Any, Any],
    settings: NetworkSettings,
    start: Policy | None,
    seed: int,
) -> TorchNetwork:
    """Return `start` for further training, or a fresh network.

    Args:
        agent: its name, for messages.
        env: determines the observations and actions.
        settings: sizes of a fresh network.
        start: the network of the previous agent, or None.
        seed: seed of fresh weights.

    Raises:
        UserError: `start` does not fit.
    """
    masked = hasattr(env, "action_masks")
    known = fitting_start(agent, env, start, masked=masked)
    if known is not None:
        return TorchNetwork(known)
    return fresh_network(
        env.single_observation_space,
        env.single_action_space,
        items=has_items(env),
        net_arch=settings.net_arch,
        encoder=settings.encoder,
        scorer=settings.scorer,
        activation=settings.activation,
        masked=masked,
        seed=seed,
    )
