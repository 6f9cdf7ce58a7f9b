"""Load a trained policy, whether one network or one per role, and run it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rlsys.controllers import Controller, NetworkController
from rlsys.network import InputClip, Network, Scorer
from rlsys.roles import FORMAT, RoleController, RolePolicy, roles_of
from rlsys.storage.archive import read_archive

if TYPE_CHECKING:
    from gymnasium.vector import VectorEnv

Policy: TypeAlias = Network | RolePolicy


def load_policy(path: str | Path) -> Policy:
    """Read a network, or a policy with roles, that its `save` wrote.

    Raises:
        UserError: the file does not exist, or is neither of the two.
    """
    header, arrays = read_archive(Path(path), "network")
    if isinstance(header, dict) and header.get("format") == FORMAT:
        return RolePolicy.of_parts(header, arrays, str(path))
    return Network.of_parts(header, arrays, str(path))


def with_input_clip(policy: Policy, env: VectorEnv[Any, Any, Any]) -> Policy:
    """Return `policy` so that it clips observations to the bounds of `env`, as its training did."""
    if isinstance(policy, RolePolicy):
        spaces = {role.name: role.observation_space for role in roles_of(env)}
        return RolePolicy({n: _clipping(net, spaces[n]) for n, net in policy.networks.items()})
    return _clipping(policy, getattr(env, "single_observation_space", None))


def without_input_clip(policy: Policy) -> Policy:
    """Return `policy` without the clipping of observations that `with_input_clip` added."""
    if isinstance(policy, RolePolicy):
        return RolePolicy({n: replace(net, input_clip=None) for n, net in policy.networks.items()})
    return replace(policy, input_clip=None)


def _clipping(network: Network, space: Any) -> Network:
    low, high = getattr(space, "low", None), getattr(space, "high", None)
    if low is None or high is None:
        return network
    if isinstance(network.body, Scorer):  # one bound per feature, whatever the number of items
        low, high = low.min(axis=0), high.max(axis=0)
    return replace(network, input_clip=InputClip(low.ravel(), high.ravel()))


def controller_of(policy: Policy) -> Controller:
    """Return the controller that runs `policy`."""
    if isinstance(policy, RolePolicy):
        return RoleController(policy)
    return NetworkController(policy)
