"""Converts a Stable-Baselines3 policy to a portable network: same actions, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize
from torch import nn

from rlsys.agents.action_scale import ActionScale
from rlsys.agents.sb3.scorer_policy import ScorerExtractor
from rlsys.agents.spaces import decoding_for
from rlsys.agents.torch_network import dense_layers
from rlsys.errors import UserError
from rlsys.network import Network, Scorer, Stack, Transform


def to_network(
    policy: nn.Module,
    action_space: spaces.Space[Any],
    *,
    normalizer: VecNormalize | None = None,
    transform: Transform | None = None,
    scale: ActionScale | None = None,
    masked: bool = False,
    notes: Mapping[str, Any] | None = None,
) -> Network:
    """Return the deterministic policy as a portable network.

    Args:
        policy: a policy of PPO, MaskablePPO, DQN (the best action of its Q-network) or SAC (the
            mean action).
        action_space: the environment's own, of one copy.
        normalizer: the normaliser of the observations, if they were normalised in training.
        transform: the fixed transform of the observations, if there was one.
        scale: from the policy's actions to the environment's; None: they are the same.
        masked: whether it acts under action masks.
        notes: information for people.

    Raises:
        UserError: the policy has parts that a portable network cannot contain.
    """
    body = _body(policy)
    return Network(
        body if scale is None else scale.fold(body),
        decoding_for(action_space, squashed=bool(getattr(policy, "squash_output", False))),
        _transform(normalizer) or transform,
        masked,
        dict(notes or {}),
    )


def _body(policy: Any) -> Stack | Scorer:
    extractor = getattr(policy, "mlp_extractor", None)
    if isinstance(extractor, ScorerExtractor):
        return extractor.actor.body()
    if extractor is not None:
        return Stack(dense_layers([*extractor.policy_net, policy.action_net]))
    if hasattr(policy, "q_net"):
        return Stack(dense_layers(list(policy.q_net.q_net)))
    if hasattr(policy, "actor"):
        return Stack(dense_layers([*policy.actor.latent_pi, policy.actor.mu]))
    raise UserError(f"{type(policy).__name__} is not a policy of ppo, maskable-ppo, dqn or sac")


def _transform(normalizer: VecNormalize | None) -> Transform | None:
    if normalizer is None or not normalizer.norm_obs:
        return None
    statistics = normalizer.obs_rms
    assert isinstance(statistics, RunningMeanStd)
    scale = 1.0 / np.sqrt(statistics.var + normalizer.epsilon)
    clip = float(normalizer.clip_obs)
    return Transform(statistics.mean.astype(np.float32), scale.astype(np.float32), -clip, clip)
