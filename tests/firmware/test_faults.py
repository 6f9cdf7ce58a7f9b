"""What must not pass: a wrong number, an image that hangs, one that panics, one that faults."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exports import FIRMWARE, export_measured
from patience import HANG, wait_until

from rlsys.errors import CheckFailed
from rlsys_rust_q10.checks import verify
from rlsys_rust_q10.source import crate
from rlsys_rust_q10.target.cargo import cargo_build
from rlsys_rust_q10.target.qemu import boot
from rlsys_rust_q10.target.toolchain import target_toolchain

WEIGHT = re.compile(r"(?s)(LAYERS_2_WEIGHTS.*?Quad\(\[)(-?\d+)")
TABLE = re.compile(r"(?s)(pub static TABLE: Option<&\[i8\]> = )Some\(.*?\]\);")
OBSERVE = re.compile(r"pub fn observe\([^)]*\) \{\n")


def change_workload(
    firmware: Path, pattern: re.Pattern[str], change: Callable[[re.Match[str]], str]
) -> None:
    """Change the one place that `pattern` finds in the workload of `firmware`."""
    source = firmware / "policy/src/workload.rs"
    text, count = pattern.subn(change, source.read_text("utf-8"))
    assert count == 1
    source.write_text(text, encoding="utf-8")


def built(firmware: Path, name: str, folder: Path) -> Path:
    """Build an image of `firmware` into `folder`."""
    path = folder / name
    path.write_bytes(cargo_build(firmware, target_toolchain(), [name])[name])
    return path


@pytest.fixture
def one_weight_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every export from now on has one weight that the reference does not have."""
    write = crate.write_policy

    def write_wrongly(directory: Path, files: dict[str, str], application: bool) -> None:
        text, count = WEIGHT.subn(lambda m: f"{m[1]}{int(m[2]) ^ 512}", files["src/weights.rs"], 1)
        assert count == 1
        write(directory, {**files, "src/weights.rs": text}, application)

    monkeypatch.setattr(crate, "write_policy", write_wrongly)


@pytest.mark.slow
@pytest.mark.usefixtures("one_weight_changed")
def test_a_wrong_weight_fails_the_export_s_own_tests(tmp_path: Path) -> None:
    ended = export_measured("default", "normal", 0, tmp_path / "out", golden_vectors=500)
    assert ended.code == 3
    assert "`cargo test` fails" in ended.errors
    assert "vector" in ended.errors
    assert not (tmp_path / "out/rust-q10/normal").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("one_weight_changed")
def test_a_wrong_weight_is_told_with_tick_and_both_logits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "cargo_test", lambda *_: None)  # so that it gets as far as QEMU
    ended = export_measured("default", "normal", 0, tmp_path / "out", golden_vectors=500)
    assert ended.code == 3
    told = re.search(
        r"tick \d+ under the network differs in its logits: .*; logits in QEMU \[([-\d ]+)\], in "
        r"the reference \[([-\d ]+)\]",
        ended.errors,
    )
    assert told, ended.errors
    ours, expected = ([int(word) for word in part.split()] for part in told.groups())
    assert len(ours) == len(expected) == 7
    assert sum(a != b for a, b in zip(ours, expected, strict=True)) == 1
    assert not (tmp_path / "out/rust-q10/normal").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("planted", "message"),
    [
        ("loop {}", "did not end within 5 seconds in QEMU, which was stopped; its last line: 'rl"),
        ('panic!("planted");', r"ended with failure in QEMU .*planted"),
    ],
)
def test_an_image_that_does_not_end_well_fails(
    changed: Path, tmp_path: Path, planted: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is up when the image has said its first words, whatever the clock says."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def outputs() -> Iterator[Path]:
        return tmp_path.glob("rlsys-qemu-*/stdout")

    class Limited(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            if timeout is None or planted != "loop {}":
                return super().wait()
            wait_until(lambda: any("\n" in output.read_text() for output in outputs()))
            return super().wait(0)

    change_workload(changed, OBSERVE, lambda m: f"{m[0]}    {planted}\n")
    image = built(changed, "network", tmp_path)
    monkeypatch.setattr(subprocess, "Popen", Limited)
    with pytest.raises(CheckFailed, match=message):
        boot(image, tmp_path, 5.0)


@pytest.mark.slow
def test_the_table_of_an_export_without_one_is_built_and_says_so(
    changed: Path, tmp_path: Path
) -> None:
    change_workload(changed, TABLE, lambda m: f"{m[1]}None;")
    with pytest.raises(CheckFailed, match="this export has no table"):
        boot(built(changed, "table", tmp_path), tmp_path, HANG)


@pytest.mark.slow
def test_a_panic_and_a_fault_leave_with_failure(tmp_path: Path) -> None:
    names = ["rlsys-fault-panic", "rlsys-fault-hard"]
    images = cargo_build(FIRMWARE, target_toolchain(), names, ["fault"])
    for name, message in zip(names, ("on purpose", "HardFault at 0x0800"), strict=True):
        (tmp_path / name).write_bytes(images[name])
        with pytest.raises(CheckFailed, match=rf"in QEMU \(exit code 1\): {message}"):
            boot(tmp_path / name, tmp_path, HANG)
