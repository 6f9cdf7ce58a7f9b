"""Load a trained policy, whether one network or one per role, and run it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from rlsys.controllers import Controller, NetworkController
from rlsys.network import Network
from rlsys.roles import FORMAT, RoleController, RolePolicy
from rlsys.storage.archive import read_archive

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


def controller_of(policy: Policy) -> Controller:
    """Return the controller that runs `policy`."""
    if isinstance(policy, RolePolicy):
        return RoleController(policy)
    return NetworkController(policy)
