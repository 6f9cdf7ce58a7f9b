"""What the tests of the documentation share: its example plugins and the built site."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import DOCS, write_named_files


@pytest.fixture(scope="session")
def tank(tmp_path_factory) -> Path:
    """Return the folder of the example plugins; one for all tests, as a module is loaded once."""
    folder = tmp_path_factory.mktemp("tank")
    assert "fan.py" in write_named_files(DOCS / "tutorial.md", folder)
    assert "heating.py" in write_named_files(DOCS / "existing-environment.md", folder)
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
