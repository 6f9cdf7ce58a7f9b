"""One version of a model, ready to decide."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_distributed.client.choosing import Choose, choose_of, uniform_of
from rlsys_distributed.client.forward import Forward, forward_of
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.model import Version, network_of
from rlsys_distributed.wire.spaces import Box, Space

_NOTHING = np.zeros(0, np.float32)


@dataclass(frozen=True)
class Actor:
    """Decides for one observation at a time, in one thread at a time.

    Attributes:
        version: its number; 0: there is no model yet, and every action is equally likely.
        incarnation: of the model.
        forward: from the observation's row to the outputs (see `forward_of`).
        choose: from the outputs to an action (see `rlsys_distributed.client.choosing`).
    """

    version: int
    incarnation: bytes
    forward: Forward
    choose: Choose


def untrained(action: Space, drawn: random.Random) -> Actor:
    """Return what decides before the first model."""

    def forward(_: Any) -> NDArray[np.float32]:
        return _NOTHING

    return Actor(0, b"", forward, uniform_of(action, drawn))


def actor_of(
    version: Version,
    incarnation: bytes,
    observation: Box,
    action: Space,
    drawn: random.Random,
    *,
    explore: bool,
) -> Actor:
    """Return a version of a model that decides.

    Raises:
        WireError: it does not fit the spaces.
    """
    network, log_std = network_of(version)
    forward = forward_of(network, observation.shape)
    choose = choose_of(
        action, network.decoding, version.exploration, log_std, drawn, explore=explore
    )
    row = np.ones(observation.size + 1, np.float32)
    row[:-1] = 0.0
    try:
        outputs = forward(row).size
    except Exception as error:
        raise WireError(
            f"version {version.number} does not take observations of the shape "
            f"{observation.shape}: {error}"
        ) from error
    if outputs != action.outputs:
        raise WireError(
            f"version {version.number} has {outputs} outputs; the action space needs "
            f"{action.outputs}"
        )
    return Actor(version.number, incarnation, forward, choose)
