"""How an image ends: success, failure, fault, never, and errors of QEMU itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from builds import need_qemu, program, time_is_up_once
from patience import HANG, eventually

from rlsys.errors import CheckFailed, UserError
from rlsys_rust_q10.target.qemu import boot
from rlsys_rust_q10.target.toolchain import MissingTool


def test_what_an_image_prints_is_returned(images: dict[str, Path], tmp_path: Path) -> None:
    need_qemu()
    assert boot(images["succeeds"], tmp_path, HANG) == "first line\nsum as expected\n"


def test_an_image_that_fails_is_told_with_its_last_line(
    images: dict[str, Path], tmp_path: Path
) -> None:
    need_qemu()
    with pytest.raises(CheckFailed, match=r"fails ended with failure .*before it failed"):
        boot(images["fails"], tmp_path, HANG)


def test_a_fault_without_a_handler_is_a_failure(images: dict[str, Path], tmp_path: Path) -> None:
    need_qemu()
    with pytest.raises(CheckFailed, match=r"faults ended with failure .*before the fault.*Lockup"):
        boot(images["faults"], tmp_path, HANG)


def test_an_image_that_hangs_is_ended(
    images: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_qemu()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def has_spoken() -> bool:
        return any("so far" in o.read_text() for o in tmp_path.glob("rlsys-qemu-*/stdout"))

    time_is_up_once(has_spoken, monkeypatch)
    with pytest.raises(CheckFailed, match=r"hangs did not end within 3 seconds .*last line: 'so f"):
        boot(images["hangs"], tmp_path, 3.0)


def test_a_machine_that_qemu_does_not_know_is_told_in_its_words(
    images: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_qemu()
    monkeypatch.setattr("rlsys_rust_q10.target.qemu.OPTIONS", ("-M", "nosuch", "-nographic"))
    with pytest.raises(UserError, match=r"QEMU cannot boot succeeds: .*unsupported machine type"):
        boot(images["succeeds"], tmp_path, HANG)


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    need_qemu()
    (tmp_path / "empty.elf").touch()
    with pytest.raises((UserError, CheckFailed), match=r"empty\.elf"):
        boot(tmp_path / "empty.elf", tmp_path, HANG)


def test_without_qemu_the_message_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match="apt-get install qemu-system-arm"):
        boot(tmp_path / "image", tmp_path, HANG)


def test_nothing_that_qemu_started_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(
        tmp_path / "path/qemu-system-arm",
        f"/bin/sleep 1000 &\necho $! > {tmp_path}/child\necho working\n"
        f": > {tmp_path}/said\n/bin/sleep 1000\n",
    )
    time_is_up_once((tmp_path / "said").exists, monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    with pytest.raises(CheckFailed, match="last line: 'working'"):
        boot(tmp_path / "image", tmp_path, 2.0)
    child = int((tmp_path / "child").read_text())
    assert eventually(lambda: not _alive(child))


def _alive(process: int) -> bool:
    """Whether it runs; a process that has ended may still wait for its parent to notice."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
