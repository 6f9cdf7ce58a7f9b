"""What the tests of the Python front door share: a run that many of them read."""

from __future__ import annotations

import pytest
from program import LAMPS_FILE

import rlsys


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> rlsys.Run:
    """Return a complete run of two cases and two seeds; treat it as read-only."""
    pytest.importorskip("matplotlib", reason="pip install 'rlsys[figures]'")
    return rlsys.run(
        "lamps",
        preset="two-rooms",
        set={"training": {"checkpoint_every": 192}, "exports": ["json"], "noise": 0.2},
        steps=1920,
        seeds=2,
        episodes=40,
        out=tmp_path_factory.mktemp("front-door") / "run",
        plugin_file=LAMPS_FILE,
    )


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> rlsys.Run:
    """Return a trained run of one case, which nothing has evaluated."""
    return rlsys.train(
        "lamps", steps=96, out=tmp_path_factory.mktemp("small") / "run", plugin_file=LAMPS_FILE
    )
