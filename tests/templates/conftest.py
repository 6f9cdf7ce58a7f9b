"""Puts the helpers on the path, and keeps the user's own settings out of the tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "toy"))
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """Keep the variables of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("RLSYS_")]:
        monkeypatch.delenv(name)
