"""Exports of real policies, built and booted: the tools they need, and one cache for all builds.

The only place where the environment and the exporter meet; neither imports the other.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from builds import need_host, need_qemu, need_target, rust_cache

__all__ = ["rust_cache"]


@pytest.fixture(scope="session", autouse=True)
def tools(rust_cache: Path) -> None:
    """Both compilers and QEMU: without them, fail in CI and skip elsewhere."""
    assert rust_cache.is_absolute()
    need_host()
    need_target()
    need_qemu()


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the repository's firmware for tests to break, without what was built from it."""
    firmware = Path(__file__).parents[2] / "firmware"
    ignored = shutil.ignore_patterns("target", "expected")
    return Path(shutil.copytree(firmware, tmp_path / "firmware", ignore=ignored))
