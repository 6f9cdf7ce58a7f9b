"""Which models a training needs: one, or one per role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlsys.agents.roles.rollout import check_roles
from rlsys.agents.spaces import check_problem, has_items, kind_of
from rlsys.errors import UserError, name_of
from rlsys.roles import roles_of
from rlsys_distributed.client.gymnasium_spaces import space_of
from rlsys_distributed.remote.settings import RemoteSettings
from rlsys_distributed.wire.spaces import as_json

_KINDS = {"ppo": ("discrete", "multi-discrete", "continuous"), "dqn": ("discrete",)}
_LONGEST_PREFIX = 60


@dataclass(frozen=True)
class Part:
    """One model of a training.

    Attributes:
        role: whose it is; "" in an environment without roles.
        agents: decisions in one step of one copy.
        model: its name on the server.
        client: configuration of its clients, without their id.
    """

    role: str
    agents: int
    model: str
    client: Mapping[str, Any]


def prefix_of(env: Any, settings: RemoteSettings) -> str:
    """Return how the names of models begin."""
    called = re.sub(r"[^A-Za-z0-9._-]+", "-", name_of(env)).strip("-._")
    return (settings.model or called or "env")[:_LONGEST_PREFIX]


def parts_of(env: Any, settings: RemoteSettings, name: str) -> tuple[Part, ...]:
    """Return the models of a training.

    Args:
        env: one copy of the environment.
        name: of the training on the server.

    Raises:
        UserError: the environment has what the algorithm cannot learn.
    """
    dqn = settings.algorithm == "dqn"
    kinds = _KINDS[settings.algorithm]
    roles = roles_of(env)
    if not roles:
        check_problem("remote", env, kinds, items=not dqn)
        action = env.single_action_space
        masked = hasattr(env, "action_masks") and kind_of(action) == "discrete"
        # DQN knows no masks, here as everywhere.
        client = _client(
            settings, name, env.single_observation_space, action, has_items(env), masked and not dqn
        )
        return (Part("", 1, name, client),)
    check_roles("remote", env, kinds)
    if dqn and any(role.items for role in roles):
        raise UserError(
            "DQN cannot learn from observations of items, which a role has; use "
            "agents.remote.algorithm=ppo"
        )
    parts = []
    for role in roles:
        model = f"{name}-{role.name}"
        client = _client(
            settings, model, role.observation_space, role.action_space, role.items, False
        )
        parts.append(Part(role.name, role.agents, model, client))
    return tuple(parts)


def _client(
    settings: RemoteSettings, model: str, observation: Any, action: Any, items: bool, masked: bool
) -> dict[str, Any]:
    return {
        "model": model,
        "train_server_address": settings.server,
        "observation_space": as_json(space_of(observation, "observation_space")),
        "action_space": as_json(space_of(action, "action_space")),
        "masked": masked,
        "items": items,
        "algorithm_name": settings.algorithm,
        "algorithm_parameters": settings.algorithm_parameters,
        "max_traj_length": settings.max_traj_length,
        "encoding": settings.encoding,
        "token_file": settings.token_file,
        "tls": settings.tls,
    }
