"""Builds: how failures are reported, what is compiled again, and that nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from builds import SAMPLE, need_host, need_target, program, time_is_up_once
from patience import HANG, eventually

from rlsys.errors import CheckFailed, UserError
from rlsys_rust_q10.target import cargo, stage
from rlsys_rust_q10.target.cargo import cargo_build, cargo_test
from rlsys_rust_q10.target.toolchain import Toolchain

WEIGHTS = "index as u8 + 1"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample, at a path with a space in it."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "my export"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.usefixtures("rust_cache")
def test_the_tests_of_all_crates_run_and_nothing_is_written(project: Path) -> None:
    before = files(project)
    cargo_test(project, need_host())
    assert files(project) == before


@pytest.mark.usefixtures("rust_cache")
def test_a_test_that_fails_is_told_in_its_own_words(project: Path) -> None:
    change(project / "policy/src/lib.rs", WEIGHTS, "index as u8 + 2")
    with pytest.raises(CheckFailed, match=r"(?s)`cargo test` fails.*the sum of the weights"):
        cargo_test(project, need_host())


@pytest.mark.usefixtures("rust_cache")
def test_a_source_that_does_not_compile_is_the_user_s(project: Path) -> None:
    change(project / "policy/src/lib.rs", WEIGHTS, "index as u8 + nothing")
    with pytest.raises(UserError, match=r"(?s)cargo fails; run `cargo build` .*`nothing`"):
        cargo_test(project, need_host())
    with pytest.raises(UserError, match=r"(?s)stm32f411: cargo fails.*`nothing`"):
        cargo_build(project, need_target(), ["succeeds"])


@pytest.mark.usefixtures("rust_cache")
def test_a_lock_file_that_does_not_fit_is_refused_not_rewritten(project: Path) -> None:
    lock = project / "Cargo.lock"
    lock.unlink()
    with pytest.raises(UserError, match=r"(?s)cargo fails.*--locked"):
        cargo_test(project, need_host())
    assert not lock.exists()


@pytest.mark.usefixtures("rust_cache")
def test_images_do_not_depend_on_where_the_project_lies(
    images: dict[str, Path], project: Path
) -> None:
    again = cargo_build(project, need_target(), ["succeeds"])
    assert again["succeeds"] == images["succeeds"].read_bytes()
    assert str(Path.home()).encode() not in again["succeeds"]


@pytest.mark.usefixtures("rust_cache")
def test_a_project_written_earlier_than_the_last_build_is_compiled_all_the_same(
    images: dict[str, Path], project: Path
) -> None:
    """Cargo looks at times; an older, different export must not get the newer one's image."""
    source = project / "policy/src/lib.rs"
    change(source, WEIGHTS, "index as u8 + 3")
    os.utime(source, (1, 1))
    changed = cargo_build(project, need_target(), ["succeeds"])
    assert changed["succeeds"] != images["succeeds"].read_bytes()
    unchanged = cargo_build(SAMPLE, need_target(), ["succeeds"])
    assert unchanged["succeeds"] == images["succeeds"].read_bytes()


@pytest.mark.usefixtures("rust_cache")
def test_a_file_that_a_project_no_longer_has_is_gone_from_the_next_build(project: Path) -> None:
    extra = project / "policy/tests/extra.rs"
    extra.parent.mkdir()
    extra.write_text('#[test]\nfn never() {\n    panic!("left over");\n}\n', encoding="utf-8")
    with pytest.raises(CheckFailed, match="left over"):
        cargo_test(project, need_host())
    extra.unlink()
    cargo_test(project, need_host())


def test_without_a_network_the_message_says_what_is_needed(
    project: Path, tmp_path: Path, rust_cache: Path
) -> None:
    assert rust_cache
    fake = program(
        tmp_path / "cargo",
        "echo 'error: failed to download from `https://index.example/x`' >&2\nexit 101\n",
    )
    with pytest.raises(UserError, match="must be fetched once: connect to the network"):
        cargo_build(project, Toolchain(str(fake), "/usr/bin/rustc", "rustc"), ["succeeds"])


def test_a_build_without_end_is_ended(
    project: Path, tmp_path: Path, rust_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rust_cache
    monkeypatch.setattr(cargo, "TIME_LIMIT", 0.5)
    fake = program(tmp_path / "cargo", f"echo compiling >&2\n: > {tmp_path}/said\nsleep 1000\n")
    time_is_up_once((tmp_path / "said").exists, monkeypatch)
    with pytest.raises(UserError, match=r"(?s)not end within 0.5 seconds.*compiling"):
        cargo_test(project, Toolchain(str(fake), "/usr/bin/rustc", "rustc"))


def test_a_cache_that_cannot_be_written_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not even root can make a folder there.
    monkeypatch.setattr(stage, "user_cache_dir", lambda *_, **__: "/proc/nowhere")
    with pytest.raises(UserError, match=r"/proc/nowhere.*XDG_CACHE_HOME"):
        cargo_test(project, Toolchain("cargo", "rustc", "rustc"))


def test_ctrl_c_ends_what_cargo_started(project: Path, tmp_path: Path) -> None:
    fake = program(tmp_path / "cargo", f"sleep 1000 &\necho $! > {tmp_path}/child\nsleep 1000\n")
    script = (
        "import sys, pathlib, signal\n"
        "from rlsys_rust_q10.target.cargo import cargo_test\n"
        "from rlsys_rust_q10.target.toolchain import Toolchain\n"
        # A shell's background jobs, such as these tests may be, start with SIGINT ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "cargo_test(pathlib.Path(sys.argv[1]), Toolchain(sys.argv[2], '/usr/bin/rustc', ''))\n"
    )
    caller = subprocess.Popen(
        [sys.executable, "-c", script, project, fake],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        stderr=subprocess.DEVNULL,
    )
    child = tmp_path / "child"
    assert eventually(lambda: child.exists() and child.read_text().strip())
    caller.send_signal(signal.SIGINT)
    assert caller.wait(HANG) != 0
    stat = Path(f"/proc/{child.read_text().strip()}/stat")
    assert eventually(lambda: not stat.exists() or ") Z " in stat.read_text())
