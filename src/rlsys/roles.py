"""Several kinds of agent in one environment: who they are, and policies with a network for each.

In an environment with roles, the roles decide in turn. A step of the system (a slot, a round)
consists of half-steps, one per role. In each half-step only one role acts, and it sees what was
decided before it in the same step. The environment is driven through the usual interface:

* ``roles``: `Role` descriptions, in the order in which they decide;
* ``acting``: the name of the role that acts in this half-step;
* ``reset(...)`` returns what the first role sees, ``(num_envs, agents, ...)``;
* ``step(actions)`` takes the acting role's actions ``(num_envs, agents, ...)`` and returns what the
  next role sees. Rewards ``(num_envs,)`` and ends of episodes come with the last half-step; all
  roles share the reward. Autoreset happens in the same step, as everywhere.

All agents of a role share one network, which sees one agent's observation at a time.

An environment may also report what each agent's own decision was worth. Agents can learn from this
instead of the shared reward:

* ``difference_rewards()``, called after a slot's last half-step, returns an array
  ``(num_envs, agents)`` by role name: the slot's reward minus something that does not depend on
  what this agent did, such as the slot's reward had the agent taken a fixed default action
  (difference rewards; Wolpert and Tumer, 2001). A role that is left out gets the reward itself.
  Only this slot counts, so use it only where no slot depends on decisions made in another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError, name_of
from rlsys.network import Network
from rlsys.storage.archive import write_archive

if TYPE_CHECKING:
    from gymnasium import Space
    from gymnasium.vector import VectorEnv

FORMAT = "rlsys.roles/1"

Array = NDArray[Any]


@dataclass(frozen=True)
class Role:
    """One kind of agent.

    Attributes:
        agents: number of agents of this role in one copy of the environment.
        observation_space, action_space: of one agent.
        items: whether the observation is a list of items (items, features) and the first actions
            belong to the items in the same order. Column 0 is 1 for a present item and 0 for
            padding. Such a role can have a `rlsys.network.Scorer`.
    """

    name: str
    agents: int
    observation_space: Space[Any]
    action_space: Space[Any]
    items: bool = False


def roles_of(env: VectorEnv[Any, Any, Any]) -> tuple[Role, ...]:
    """Return the roles of an environment; empty if it has a single agent."""
    return tuple(getattr(env, "roles", ()))


def difference_rewards(
    env: VectorEnv[Any, Any, Any], rewards: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return what each agent's decision was worth in the slot that has just ended.

    Args:
        env: with ``difference_rewards``.
        rewards: of the slot, (num_envs,).

    Returns:
        by role, (num_envs, agents).

    Raises:
        UserError: the environment returned another shape, or a value that is not finite.
    """
    told = env.difference_rewards()  # type: ignore[attr-defined]  # see the module's docstring
    earned = {}
    for role in roles_of(env):
        shape = (len(rewards), role.agents)
        own = np.asarray(told.get(role.name, np.broadcast_to(rewards[:, None], shape)), np.float64)
        if own.shape != shape or not np.isfinite(own).all():
            raise UserError(
                f"{name_of(env)}.difference_rewards returned values of shape "
                f"{own.shape} for role {role.name!r}; it must return finite values of shape {shape}"
            )
        earned[role.name] = own
    return earned


def acting_role(env: VectorEnv[Any, Any, Any]) -> str:
    """Return the name of the role that acts in this half-step."""
    name: str = env.acting  # type: ignore[attr-defined]  # see the module's docstring
    return name


@dataclass(frozen=True)
class RolePolicy:
    """One network per role; the counterpart of `rlsys.network.Network` for several roles.

    Attributes:
        networks: by role name.
    """

    networks: Mapping[str, Network]

    def parameters(self) -> int:
        """Return the number of weights and biases."""
        return sum(network.parameters() for network in self.networks.values())

    def check_finite(self) -> None:
        """Refuse NaN and infinity.

        Raises:
            UserError: names the role and the layer.
        """
        for name, network in self.networks.items():
            try:
                network.check_finite()
            except UserError as error:
                raise UserError(f"role {name!r}: {error}") from error

    def save(self, path: str | Path) -> None:
        """Write all networks to one ``.npz`` file, atomically."""
        headers: dict[str, Any] = {}
        arrays: dict[str, Array] = {}
        for name, network in self.networks.items():
            headers[name], own = network.parts()
            arrays |= {f"{name}/{key}": array for key, array in own.items()}
        write_archive(Path(path), {"format": FORMAT, "roles": headers}, arrays)

    @classmethod
    def of_parts(
        cls, header: Mapping[str, Any], arrays: Mapping[str, Array], source: str
    ) -> RolePolicy:
        """Build the policy from an archive's header and arrays; `source` names it in messages.

        Raises:
            UserError: a network in it is not readable.
        """
        roles = header.get("roles")
        if not isinstance(roles, dict) or not roles:
            raise UserError(f"{source}: not a readable policy file: it names no roles")
        return cls(
            {
                name: Network.of_parts(
                    own,
                    {k.partition("/")[2]: a for k, a in arrays.items() if k.startswith(f"{name}/")},
                    f"{source}, role {name!r}",
                )
                for name, own in roles.items()
            }
        )


class RoleController:
    """Runs the networks of all roles, each in its half-steps; needs only NumPy."""

    def __init__(self, policy: RolePolicy) -> None:
        self.policy = policy

    def reset(self, env: VectorEnv[Any, Any, Any]) -> None:
        """Check that the policy fits this environment.

        Raises:
            UserError: a role has no network.
        """
        wanted = [role.name for role in roles_of(env)]
        missing = [name for name in wanted if name not in self.policy.networks]
        if missing or not wanted:
            raise UserError(
                f"the policy has networks for the roles {list(self.policy.networks)}, but the "
                f"environment has the roles {wanted}; use the environment it was trained in"
            )

    def act(self, env: VectorEnv[Any, Any, Any], observations: Array) -> Array:
        """Return the acting role's actions, (num_envs, agents, ...)."""
        network = self.policy.networks[acting_role(env)]
        copies, agents = observations.shape[:2]
        flat = network.act(observations.reshape(copies * agents, *observations.shape[2:]))
        return flat.reshape(copies, agents, *flat.shape[1:])
