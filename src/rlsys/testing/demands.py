"""How a check says what it found: one message that names the fault and what mends it."""

from __future__ import annotations

from typing import NoReturn

import pytest


def fail(fault: str, mend: str) -> NoReturn:
    """Fail the running test without a traceback into this package."""
    pytest.fail(f"{fault}\n  to mend it: {mend}", pytrace=False)


def require(holds: object, fault: str, mend: str) -> None:
    """Fail the running test unless `holds`."""
    if not holds:
        fail(fault, mend)
