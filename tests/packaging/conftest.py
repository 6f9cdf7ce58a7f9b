"""What the tests of packaging share: one build of every distribution, and empty environments."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from environments import Environment, build


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every sdist and every wheel, built as for a release."""
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Environment]:
    """Yield an environment with nothing in it, away from the checkout; it is deleted afterwards."""
    environment = Environment(tmp_path / "environment", tmp_path)
    yield environment
    shutil.rmtree(environment.folder, ignore_errors=True)
