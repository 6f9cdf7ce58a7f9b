"""Puts a portable network into the policy of a Stable-Baselines3 algorithm: the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize
from torch import nn

from rlsys.agents.action_scale import ActionScale
from rlsys.agents.sb3.scorer_policy import ScorerExtractor
from rlsys.agents.settings import Sb3Settings
from rlsys.agents.torch_network import ACTIVATIONS
from rlsys.errors import UserError
from rlsys.network import Dense, Network, Scorer, Transform

# How many observations a transform stands for if the network does not say: enough that the first
# rollout does not overturn what the network was trained with.
_OBSERVATIONS = 10_000


@dataclass(frozen=True)
class PolicyShape:
    """Sizes of a policy.

    Attributes:
        items: whether it observes items.
        hidden: sizes of the actor's hidden layers (not for items).
        encoder, scorer: sizes of the actor's hidden layers over items.
        critic: sizes of the hidden layers of a critic of its own (not for items).
        activation: of hidden layers.
    """

    items: bool
    hidden: tuple[int, ...]
    encoder: tuple[int, ...]
    scorer: tuple[int, ...]
    critic: tuple[int, ...]
    activation: str

    @property
    def activation_fn(self) -> type[nn.Module]:
        """Return the activation as torch's module."""
        return ACTIVATIONS[self.activation]


def policy_shape(settings: Sb3Settings, items: bool, start: Network | None) -> PolicyShape:
    """Return the sizes of `start` for the actor, or those of the settings.

    Raises:
        UserError: SB3's policies cannot have the layers of `start`.
    """
    hidden, encoder, scorer = settings.net_arch, settings.encoder, settings.scorer
    activation: str = settings.activation
    if start is not None:
        groups = start.layers()
        outputs = [groups[name][-1] for name in ("layers", "scorer", "rest") if groups.get(name)]
        inner = [d for group in groups.values() for d in group if not any(d is o for o in outputs)]
        kinds = {layer.activation for layer in inner}
        if len(kinds) > 1 or kinds & {"linear"} or any(o.activation != "linear" for o in outputs):
            raise UserError(
                "the network to start from has other activations than this agent's policies: "
                "one activation, relu or tanh, for all hidden layers and none for the last ones; "
                "start without it"
            )
        activation = next(iter(kinds), activation)
        if items:
            encoder = _sizes(groups["encoder"])
            scorer = _sizes(groups["scorer"][:-1])
            others = _sizes(groups["rest"][:-1]) if groups["rest"] else scorer
            if not encoder or not scorer or others != scorer:
                raise UserError(
                    f"the network to start from has hidden layers of the sizes {list(encoder)} "
                    f"(encoder), {list(scorer)} (scorer) and {list(others)} (rest); this agent "
                    "needs an encoder, and the same sizes in scorer and rest; start without it"
                )
        else:
            hidden = _sizes(groups["layers"][:-1])
    return PolicyShape(items, hidden, encoder, scorer, settings.net_arch, activation)


def load_actor(policy: nn.Module, network: Network, scale: ActionScale | None) -> None:
    """Set the weights of a policy's actor, or of its Q-networks, to those of `network`.

    Everything else, such as a critic, stays fresh.

    Args:
        policy: a policy of PPO, MaskablePPO, DQN or SAC of the same `policy_shape`.
        network: acts in the environment's units.
        scale: from the policy's actions to the environment's; None: they are the same.
    """
    body = network.body if scale is None else scale.unfold(network.body)
    for modules in _actors(policy):
        groups = body.groups() if isinstance(body, Scorer) else {"layers": body.layers}
        for name, module in modules.items():
            linear = [layer for layer in module if isinstance(layer, nn.Linear)]
            for layer, dense in zip(linear, groups[name], strict=True):
                _set(layer, dense)


def set_normalizer(normalizer: VecNormalize, transform: Transform, notes: Any) -> None:
    """Let the running statistics of observations go on from the transform of a network.

    Args:
        normalizer: normalises observations.
        transform: of the network to start from.
        notes: of that network; its ``steps`` say how many observations the transform stands for.

    Raises:
        UserError: no statistics give this transform.
    """
    if transform.low != -transform.high or not np.all(transform.scale > 0):
        raise UserError(
            "the network to start from transforms observations in another way than "
            "normalize_observations would; set it to false to keep its transform as it is"
        )
    statistics = normalizer.obs_rms
    assert isinstance(statistics, RunningMeanStd)
    shape = statistics.mean.shape
    shift, scale = (
        np.broadcast_to(values.ravel().astype(np.float64), shape)
        for values in (transform.shift, transform.scale)
    )
    statistics.mean = shift.copy()
    statistics.var = np.maximum(1.0 / scale**2 - normalizer.epsilon, 0.0)
    statistics.count = float(notes.get("steps") or _OBSERVATIONS)
    normalizer.clip_obs = transform.high


def _sizes(layers: tuple[Dense, ...]) -> tuple[int, ...]:
    return tuple(layer.weight.shape[0] for layer in layers)


def _actors(policy: Any) -> list[dict[str, list[nn.Module]]]:
    """Return the modules of each actor by the role of their layers; see `to_network`."""
    extractor = getattr(policy, "mlp_extractor", None)
    if isinstance(extractor, ScorerExtractor):
        actor = extractor.actor
        return [
            {"encoder": list(actor.encoder), "scorer": list(actor.scorer), "rest": list(actor.rest)}
        ]
    if extractor is not None:
        return [{"layers": [*extractor.policy_net, policy.action_net]}]
    if hasattr(policy, "q_net"):
        return [{"layers": list(q.q_net)} for q in (policy.q_net, policy.q_net_target)]
    return [{"layers": [*policy.actor.latent_pi, policy.actor.mu]}]


def _set(layer: nn.Linear, dense: Dense) -> None:
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(dense.weight))
        layer.bias.copy_(torch.from_numpy(dense.bias))
