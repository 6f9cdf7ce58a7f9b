"""Exports of real policies, built and booted: what the tools must be, and one cache for all builds.

The only place where the environment and the exporter meet; neither imports the other.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlsys.requirements import in_ci
from rlsys_rust_q10 import stage
from rlsys_rust_q10.qemu import check_qemu
from rlsys_rust_q10.toolchain import MissingTool, host_toolchain, target_toolchain

sys.path.insert(0, str(Path(__file__).parents[1] / "toy"))
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session", autouse=True)
def tools() -> None:
    """Both compilers and QEMU; without them, fail in CI and skip elsewhere."""
    for find in (host_toolchain, target_toolchain, check_qemu):
        try:
            find()
        except MissingTool as error:
            (pytest.fail if in_ci() else pytest.skip)(str(error))


@pytest.fixture(scope="session", autouse=True)
def rust_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache for this session instead of the user's; the workers of pytest-xdist share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "rust-cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "user_cache_dir", lambda *_, **__: str(folder))
        yield folder


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the repository's firmware to be broken, without what was built from it."""
    ignored = shutil.ignore_patterns("target", "expected")
    return Path(
        shutil.copytree(Path(__file__).parents[2] / "firmware", tmp_path / "firmware",
                        ignore=ignored)
    )  # fmt: skip
