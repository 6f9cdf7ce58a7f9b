"""Checks what a plugin needs from outside, and names the command that installs it."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterable

from rlsys.descriptors import Requirement, resolve
from rlsys.errors import UserError


def is_met(requirement: Requirement) -> bool:
    """Return whether it is present; a module is not imported, and a program is not run."""
    if requirement.check is not None:
        return bool(resolve(requirement.check)())
    if requirement.kind == "executable":
        return shutil.which(requirement.name) is not None
    try:
        return importlib.util.find_spec(requirement.name) is not None
    except ModuleNotFoundError:
        return False


def check_requirements(owner: str, requirements: Iterable[Requirement]) -> None:
    """Refuse to start without what `owner` needs.

    Raises:
        UserError: names the first thing that is missing and the command that installs it.
    """
    for requirement in requirements:
        if not is_met(requirement):
            raise UserError(
                f"{owner} needs {_article(requirement)}{requirement.name!r}, which is missing; "
                f"install it with: {requirement.fix}"
            )


def in_ci() -> bool:
    """Return whether this is continuous integration, where nothing may be skipped."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def _article(requirement: Requirement) -> str:
    return "" if requirement.kind == "check" else f"the {requirement.kind} "
