"""Missing tools are found before a training, and a crate alone is tested on this machine.

tests/firmware boots and compares whole exports; it knows the environment that they schedule.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from builds import SAMPLE, need_host, need_qemu, need_target

from rlsys.errors import CheckFailed
from rlsys_rust_q10.checks.verify import build, ready
from rlsys_rust_q10.settings import Settings
from rlsys_rust_q10.target.toolchain import FORCED, MissingTool


def test_without_tools_what_needs_none_is_ready(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(FORCED, str(tmp_path / "rustc"))
    ready(Settings())
    for asked in ({"build": True}, {"run": True}):
        with pytest.raises(MissingTool, match="no Rust compiler"):
            ready(Settings.model_validate(asked))


def test_without_qemu_a_boot_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    need_host()
    need_target()
    found = shutil.which

    def without_qemu(name: str, *arguments: object, **options: object) -> str | None:
        return None if name == "qemu-system-arm" else found(name, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(shutil, "which", without_qemu)
    ready(Settings(build=True))
    with pytest.raises(MissingTool, match="apt-get install qemu-system-arm"):
        ready(Settings(run=True, build=True))


def test_with_all_tools_all_is_ready() -> None:
    need_host()
    need_target()
    need_qemu()
    ready(Settings(run=True, build=True))


@pytest.mark.usefixtures("rust_cache")
def test_a_crate_alone_is_tested_on_this_machine(tmp_path: Path) -> None:
    compiler = need_host()
    built = build(SAMPLE, None)
    assert built.images == {}
    assert built.verdicts() == [
        {"name": "host-tests", "holds": True, "figures": {"compiler": compiler.version}}
    ]
    broken = Path(shutil.copytree(SAMPLE, tmp_path / "broken"))
    source = broken / "policy/src/lib.rs"
    source.write_text(source.read_text(encoding="utf-8").replace("4656", "4657"), encoding="utf-8")
    with pytest.raises(CheckFailed, match="the sum of the weights"):
        build(broken, None)
