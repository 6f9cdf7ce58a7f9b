"""Settings of the built-in environment `gymnasium`; this module does not import Gymnasium."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rlsys.descriptors import Case

PETTINGZOO = "pettingzoo:"


class GymnasiumSettings(BaseModel):
    """Which environment, how it is made, and where its copies run."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str = Field(default="", validate_default=True)
    """The environment: a registered id (``CartPole-v1``), an id with the module that registers it
    (``minigrid:MiniGrid-Empty-5x5-v0``), a class or function (``my_module:MyEnv``), or a module
    with a ``parallel_env`` (``pettingzoo:mpe2.simple_spread_v3``). Modules are found in the current
    directory, too."""
    kwargs: dict[str, Any] = Field(default_factory=dict)
    """Arguments that the environment is made with."""
    wrappers: list[str | dict[str, dict[str, Any]]] = Field(default_factory=list)
    """Wrappers around it, the innermost first: names in `gymnasium.wrappers` or ``module:Wrapper``,
    alone or with their arguments, such as ``{FilterObservation: {filter_keys: [image]}}``."""
    max_episode_steps: int | None = Field(default=None, ge=1)
    """Steps after which an episode is cut off (truncated); null: what the id is registered with,
    or never."""
    processes: int = Field(default=0, ge=0, le=1024)
    """Number of processes that share the copies; 0: all copies run in the process that trains. Use
    processes if a step takes a millisecond or more."""

    @field_validator("id")
    @classmethod
    def _is_given(cls, value: str) -> str:
        if not value.strip():
            raise ValueError(
                "id must be given: a registered environment (--set id=CartPole-v1), or your own "
                "class (--set id=my_module:MyEnv)"
            )
        return value.strip()


def cases(settings: GymnasiumSettings) -> Sequence[Case]:
    """Return the one case, named after the environment."""
    name = settings.id.rpartition(":")[2]
    if settings.id.startswith(PETTINGZOO):
        name = name.rpartition(".")[2]
    name = re.sub(r"[^\w+-]+", "-", name).strip("-.")[:100] or "environment"
    return (Case(name=name, config=settings, summary=f"`{settings.id}`"),)
