"""How a check says what it found: one message that names the fault and what fixes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import pytest

from rlsys.descriptors import Requirement
from rlsys.errors import UserError
from rlsys.plugins.requirements import check_requirements, in_ci


def fail(fault: str, fix: str) -> NoReturn:
    """Fail the running test without a traceback into this package."""
    pytest.fail(f"{fault}\n  to fix it: {fix}", pytrace=False)


def require(holds: object, fault: str, fix: str) -> None:
    """Fail the running test unless `holds`."""
    if not holds:
        fail(fault, fix)


def require_installed(owner: str, requirements: Iterable[Requirement]) -> None:
    """Skip the running test where something is missing that `owner` needs; fail it where CI is set.

    A check that never ran must not look like one that passed.
    """
    try:
        check_requirements(owner, requirements)
    except UserError as error:
        if in_ci():
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
