"""How a check reports what it found: one message with the error and how to fix it."""

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
    """Skip the running test if something that `owner` needs is missing; in CI, fail it.

    In CI, a check that did not run must not look as if it had passed.
    """
    try:
        check_requirements(owner, requirements)
    except UserError as error:
        if in_ci():
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
