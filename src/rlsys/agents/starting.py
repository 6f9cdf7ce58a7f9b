"""Whether a network fits the environment and the agent that is to continue from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv

from rlsys.agents.spaces import decoding_for, has_items, outputs_for, require_items
from rlsys.errors import UserError
from rlsys.network import Decoding, Network, Scorer
from rlsys.policies import Policy


def fitting_start(
    agent: str,
    env: VectorEnv[Any, Any, Any],
    start: Policy | None,
    *,
    masked: bool,
    squashed: bool = False,
) -> Network | None:
    """Return the network to start from, acting under masks if the agent does; None: a fresh one.

    Args:
        agent: its name, for the message.
        env: determines the observations and actions; already checked.
        start: the network of the previous agent, or None.
        masked: whether the agent's network acts under action masks.
        squashed: whether continuous outputs pass through tanh (SAC) or are clipped.

    Raises:
        UserError: `start` does not fit.
    """
    if start is None:
        return None
    if not isinstance(start, Network):
        raise UserError(
            "the policy to start from has several roles, but this agent needs a single network; "
            "start without it"
        )
    given, wanted = _described(start), _wanted(env, squashed)
    if given != wanted:
        raise UserError(
            f"the network to start from does not match the environment: it {given}, but agent "
            f"{agent!r} needs one that {wanted}; start without it"
        )
    if start.masked and not masked:
        raise UserError(
            f"the network to start from acts under action masks, but agent {agent!r} trains one "
            "without them here; use an agent that obeys masks, in an environment that has them"
        )
    start.check_finite()
    # What a training sees lies within the bounds already.
    return replace(start, masked=masked, input_clip=None)


def _wanted(env: VectorEnv[Any, Any, Any], squashed: bool) -> str:
    observation, action = env.single_observation_space, env.single_action_space
    shape = observation.shape or ()
    decoding = decoding_for(action, squashed=squashed)
    if has_items(env):
        return _of_items(shape[1], require_items(observation, action), decoding)
    return _of_values(int(np.prod(shape)), outputs_for(action), decoding)


def _described(network: Network) -> str:
    """Describe a network's inputs and outputs in words."""
    body, groups = network.body, network.layers()
    if isinstance(body, Scorer):
        width = (body.encoder or body.scorer)[0].weight.shape[1]
        features = width if body.encoder else width // 2
        rest = body.rest[-1].weight.shape[0] if body.rest else 0
        return _of_items(features, rest, network.decoding)
    first, last = groups["layers"][0], groups["layers"][-1]
    return _of_values(first.weight.shape[1], last.weight.shape[0], network.decoding)


def _of_items(features: int, rest: int, decoding: Decoding) -> str:
    return f"scores items of {features} features and {rest} more actions, {_decoded(decoding)}"


def _of_values(values: int, outputs: int, decoding: Decoding) -> str:
    return f"maps {values} observed values to {outputs} actions, {_decoded(decoding)}"


def _decoded(decoding: Decoding) -> str:
    if decoding.kind == "argmax":
        return f"decoded by argmax from {decoding.start}"
    if decoding.kind == "multi-argmax":
        return f"decoded by multi-argmax in groups of {list(decoding.sizes)}"
    low, high = (None if b is None else b.tolist() for b in (decoding.low, decoding.high))
    return f"decoded by {decoding.kind} to {low}..{high}"
