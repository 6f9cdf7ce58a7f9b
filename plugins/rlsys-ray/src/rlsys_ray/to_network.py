"""The portable network of an RLlib policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gymnasium import spaces
from numpy.typing import NDArray

from rlsys.agents.action_scale import action_scale
from rlsys.agents.spaces import decoding_for
from rlsys.errors import UserError
from rlsys.network import Activation, Dense, Network, Stack

_HIDDEN = "encoder.actor_encoder.net.mlp"
_HEAD = "pi.net.mlp"

Weights = Mapping[str, NDArray[Any]]


def to_network(
    weights: Weights,
    activation: Activation,
    action_space: spaces.Space[Any],
    notes: Mapping[str, Any] | None = None,
    scaled: bool = True,
) -> Network:
    """Return the deterministic policy of RLlib's own PPO module: its best action, or its mean.

    Args:
        weights: state of a module with separate layers for the value (``vf_share_layers`` off) and,
            for continuous actions, a free standard deviation (``free_log_std``).
        activation: activation of the hidden layers.
        action_space: the environment's own action space, of one agent.
        notes: notes for people.
        scaled: whether the policy sees bounded continuous actions as [-1, 1].

    Raises:
        UserError: the state is of another module.
    """
    hidden, head = _layers(weights, _HIDDEN, activation), _layers(weights, _HEAD, "linear")
    if not hidden or len(head) != 1:
        raise UserError(
            "the RLlib module is not its own PPO module with separate layers for the policy; "
            f"it has {', '.join(weights)}"
        )
    scale = action_scale(action_space, scaled=scaled)
    body = Stack((*hidden, *head))
    return Network(
        body if scale is None else scale.fold(body),
        decoding_for(action_space),
        notes=dict(notes or {}),
    )


def _layers(weights: Weights, prefix: str, activation: Activation) -> list[Dense]:
    """Return the linear layers below `prefix`; the modules between them have no weights."""
    places = sorted(
        int(name.split(".")[-2])
        for name in weights
        if name.startswith(f"{prefix}.") and name.endswith(".weight")
    )
    return [
        Dense(weights[f"{prefix}.{at}.weight"], weights[f"{prefix}.{at}.bias"], activation)
        for at in places
    ]
