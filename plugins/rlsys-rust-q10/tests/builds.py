"""Shared by the tests of building and booting: a miniature firmware, and the tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from patience import eventually

from rlsys.plugins.requirements import in_ci
from rlsys_rust_q10.target import process, stage
from rlsys_rust_q10.target.cargo import cargo_build
from rlsys_rust_q10.target.toolchain import MissingTool, Toolchain, host_toolchain, target_toolchain

SAMPLE = Path(__file__).parent / "sample"


def time_is_up_once(holds: Callable[[], object], patch: pytest.MonkeyPatch) -> None:
    """Have the time limit of programs pass when `holds` becomes true, whatever the clock says."""

    class Limited(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            if timeout is None:
                return super().wait()
            assert eventually(lambda: self.poll() is not None or holds())
            return super().wait(0)

    patch.setattr(process.subprocess, "Popen", Limited)


def need_target() -> Toolchain:
    """The compiler for the microcontroller; without it, fail in CI and skip elsewhere."""
    try:
        return target_toolchain()
    except MissingTool as error:
        _missing(str(error))


def need_host() -> Toolchain:
    """The compiler for this machine; without it, fail in CI and skip elsewhere."""
    try:
        return host_toolchain()
    except MissingTool as error:
        _missing(str(error))


def need_qemu() -> None:
    """QEMU; without it, fail in CI and skip elsewhere."""
    if shutil.which("qemu-system-arm") is None:
        _missing("qemu-system-arm is missing; install it with: apt-get install qemu-system-arm")


def _missing(text: str) -> NoReturn:
    if in_ci():
        pytest.fail(text)
    pytest.skip(text)


def program(path: Path, text: str) -> Path:
    """Write an executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture(scope="session")
def rust_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache for this session instead of the user's; all workers of pytest-xdist share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "rust-cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "user_cache_dir", lambda *_, **__: str(folder))
        yield folder


@pytest.fixture(scope="session")
def images(rust_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample's images: succeeds, fails, hangs, faults."""
    assert rust_cache.is_absolute()
    folder = tmp_path_factory.mktemp("images")
    built = cargo_build(SAMPLE, need_target(), ["succeeds", "fails", "hangs", "faults"])
    for name, content in built.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in built}
