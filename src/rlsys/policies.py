"""Whatever was trained, one network or one a role: read it back and let it act."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from rlsys.controllers import Controller, NetworkController
from rlsys.network import Network
from rlsys.roles import FORMAT, RoleController, RolePolicy
from rlsys.storage.archive import read_archive

Policy: TypeAlias = Network | RolePolicy


def load_policy(path: str | Path) -> Policy:
    """Read what `save` of a network or of a policy with roles wrote.

    Raises:
        UserError: no such file, or neither of the two.
    """
    header, arrays = read_archive(Path(path), "network")
    if isinstance(header, dict) and header.get("format") == FORMAT:
        return RolePolicy.of_parts(header, arrays, str(path))
    return Network.of_parts(header, arrays, str(path))


def controller_of(policy: Policy) -> Controller:
    """Return the controller that acts as `policy` says."""
    if isinstance(policy, RolePolicy):
        return RoleController(policy)
    return NetworkController(policy)
