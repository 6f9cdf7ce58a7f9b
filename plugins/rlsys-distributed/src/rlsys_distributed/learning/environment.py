"""A running program as rlsys sees it: its spaces, and nothing that could be played."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces
from pydantic import BaseModel, ConfigDict, field_validator

from rlsys.training import Spaces
from rlsys_distributed.wire import spaces as wire


class LiveConfig(BaseModel):
    """What a program observes and does."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    model: str
    """Name of the model."""
    observation: dict[str, Any]
    """Its observation space, as in a client's configuration."""
    action: dict[str, Any]
    """Its action space."""
    masked: bool = False
    """Whether every step has a mask of allowed actions."""
    items: bool = False
    """Whether an observation is a list of items."""

    @field_validator("observation", "action")
    @classmethod
    def _is_a_space(cls, value: dict[str, Any]) -> dict[str, Any]:
        wire.of_json(value, "space")
        return value


def spaces_of(config: LiveConfig) -> Spaces:
    """Return the spaces in Gymnasium's terms."""
    return Spaces(
        gymnasium_space(wire.of_json(config.observation, "observation")),
        gymnasium_space(wire.of_json(config.action, "action")),
        items=config.items,
        masked=config.masked,
        name=config.model,
    )


def gymnasium_space(space: wire.Space) -> spaces.Space[Any]:
    """Return one of our spaces in Gymnasium's terms."""
    if isinstance(space, wire.Discrete):
        return spaces.Discrete(space.n, start=space.start)
    if isinstance(space, wire.MultiDiscrete):
        return spaces.MultiDiscrete(list(space.n))
    low, high = space.bounds()
    return spaces.Box(low.astype(space.dtype), high.astype(space.dtype), dtype=space.dtype)  # type: ignore[arg-type]
