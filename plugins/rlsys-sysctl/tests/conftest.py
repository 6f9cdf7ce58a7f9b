"""What the tests work on: a fake /proc/sys, a network namespace, a state folder of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_tree import FakeTree, HeldNamespace, needs_namespaces


@pytest.fixture
def fake_proc(tmp_path: Path) -> FakeTree:
    """Return a fake /proc/sys in a temporary folder."""
    return FakeTree(tmp_path / "proc-sys")


@pytest.fixture
def netns() -> Iterator[HeldNamespace]:
    """Yield a process in a fresh network namespace; root only."""
    reason = needs_namespaces()
    if reason is not None:
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(reason)
        pytest.skip(reason)
    with HeldNamespace() as held:
        yield held


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep journals and locks of tests apart from the machine's, and from each other."""
    folder = tmp_path / "state"
    monkeypatch.setenv("RLSYS_SYSCTL_STATE", str(folder))
    return folder
