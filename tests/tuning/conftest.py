"""What the tests of tuning share: one finished search."""

from __future__ import annotations

import pytest
from searching import document


@pytest.fixture(scope="session")
def searched(tmp_path_factory):
    """Return directory and document of a search over the learning rate; treat it as read-only."""
    path = tmp_path_factory.mktemp("searched") / "search"
    return path, document(
        "tune", "signs", "--trials", "12", "--seed", "3", "--steps", "20", "--out", path
    )
