"""The folder that outlives the tuner: journal, lock and the account of the last restoring."""

from __future__ import annotations

import os
from pathlib import Path

from rlsys.errors import UserError
from rlsys.storage.atomic import PARTIAL, sync_folder, write_atomically

VARIABLE = "RLSYS_SYSCTL_STATE"
_OF_ROOT = Path("/var/lib/rlsys-sysctl")  # not /run, which a power cut empties
_PARTIAL = (PARTIAL, ".new")
"""Suffixes of a write that was cut off: of this version, and of those before."""


def default_state() -> Path:
    """Return the folder: $RLSYS_SYSCTL_STATE, else one for root or one for this user."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given).absolute()
    if os.geteuid() == 0:
        return _OF_ROOT
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "rlsys-sysctl"


def make_state(folder: Path) -> None:
    """Make `folder`, for this user alone.

    Raises:
        UserError: it cannot be made, or belongs to another user, who could say what root writes.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        raise UserError(
            f"{folder}: cannot keep the journal here: {error.strerror}; set {VARIABLE}"
        ) from error
    check_owner(folder, owner)


def check_owner(path: Path, owner: int) -> None:
    """Raise unless `owner`, a user number, is root or this user.

    Raises:
        UserError: it is neither.
    """
    if owner not in (0, os.geteuid()):
        raise UserError(f"{path} belongs to user {owner}, who is not to be trusted; remove it")


def write_state(path: Path, text: str) -> None:
    """Replace the file at `path`, for this user alone, so that a power cut leaves one or the other.

    Raises:
        OSError: such as a full disk; the old file is then still there.
    """
    write_atomically(path, text, mode=0o600)


def remove_state(path: Path) -> None:
    """Remove `path`, and what a write that was cut off has left beside it."""
    path.unlink(missing_ok=True)
    for suffix in _PARTIAL:
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
    sync_folder(path.parent)
