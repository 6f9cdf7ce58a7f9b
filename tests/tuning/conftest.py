"""Puts this folder and the toy's on the path, so that tests can share `searching` and `signs`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "toy"))
sys.path.insert(0, str(Path(__file__).parent))

from searching import document


@pytest.fixture(scope="session")
def searched(tmp_path_factory):
    """Return directory and document of a search over the learning rate; treat it as read-only."""
    path = tmp_path_factory.mktemp("searched") / "search"
    return path, document(
        "tune", "signs", "--trials", "12", "--seed", "3", "--steps", "20", "--out", path
    )
