"""Puts the helpers on the path, and keeps the user's own settings out of the tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "toy"))
sys.path.insert(0, str(Path(__file__).parent))

from pages import DOCS, write_named_files


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """Keep the variables of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("RLSYS_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def tank(tmp_path_factory) -> Path:
    """Return the folder of the example plugins; one for all tests, as a module is loaded once."""
    folder = tmp_path_factory.mktemp("tank")
    assert "fan.py" in write_named_files(DOCS / "tutorial.md", folder)
    names = write_named_files(DOCS / "write-a-plugin.md", folder)
    assert {"tank.py", "tank.yaml", "pyproject.toml"} <= names
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return the built documentation; one for all tests, as building takes a while."""
    pytest.importorskip("sphinx", reason="pip install 'rlsys[docs]'")
    from built import Site, build

    folder = tmp_path_factory.mktemp("site")
    ended = build(DOCS, folder)
    assert ended.returncode == 0, ended.stderr
    return Site(folder)
