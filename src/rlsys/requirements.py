"""What a plugin needs from outside, whether it is there, and the command that brings it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterable

from rlsys.descriptors import Requirement
from rlsys.errors import UserError


def is_met(requirement: Requirement) -> bool:
    """Return whether the module or program is there, without importing or running it."""
    if requirement.kind == "executable":
        return shutil.which(requirement.name) is not None
    try:
        return importlib.util.find_spec(requirement.name) is not None
    except ModuleNotFoundError:
        return False


def check_requirements(owner: str, requirements: Iterable[Requirement]) -> None:
    """Refuse to begin without what `owner` needs.

    Raises:
        UserError: naming the first thing that is missing and the command that installs it.
    """
    for requirement in requirements:
        if not is_met(requirement):
            raise UserError(
                f"{owner} needs the {requirement.kind} {requirement.name!r}, which is missing; "
                f"install it with: {requirement.mend}"
            )
