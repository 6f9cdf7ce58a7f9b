"""The run directory: refused before training if it cannot be written, and never half-written."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from patience import HANG
from program import LAMPS, environment, refused, run_here

from rlsys.errors import Interrupted, UserError
from rlsys.workflow.run_directory import RunDirectory
from rlsys.workflow.run_home import default_directory, newest_unfinished

CONFIG = {"plugin": "lamps", "preset": "default"}
TRAIN = (*LAMPS, "train", "lamps", "--steps", "192")


def make(path: Path) -> RunDirectory:
    return RunDirectory.create(path, CONFIG, ())


def manifest(path: Path):
    return json.loads((path / "manifest.json").read_text())


def status(path: Path) -> str:
    return manifest(path)["status"]


# --- where it cannot be written -----------------------------------------------------------------


def test_a_file_in_place_of_a_folder(tmp_path):
    (tmp_path / "file").write_text("mine")
    assert "already exists" in refused(*TRAIN, "--out", tmp_path / "file")
    message = refused(*TRAIN, "--out", tmp_path / "file" / "run")
    assert "cannot be written: Not a directory" in message
    assert "--out" in message
    assert (tmp_path / "file").read_text() == "mine"


def test_a_place_that_takes_no_folder(tmp_path):
    assert "cannot be written" in refused(*TRAIN, "--out", "/proc/run")
    long = refused(*TRAIN, "--out", tmp_path / ("x" * 300))
    assert "cannot be written: File name too long" in long


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert "already exists; choose another --out" in refused(*TRAIN, "--out", tmp_path)
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_an_empty_folder_is_taken(tmp_path):
    assert run_here(*TRAIN, "--out", tmp_path).returncode == 0
    assert status(tmp_path) == "complete"


def test_a_limit_on_the_size_of_files_is_met_before_training(tmp_path):
    """`RLIMIT_FSIZE` gives the errors of a full disk to everyone, also to root."""
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20));"
        "from rlsys.cli.main import main; main()"
    )
    arguments = [str(a) for a in TRAIN]
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        env=environment(),
    )
    assert result.returncode == 1, result.stderr
    assert "cannot be written: File too large; free at least 16 MiB" in result.stderr
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_a_full_disk_is_met_before_training(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small disk needs root: sudo tox")
    try:
        message = refused(*TRAIN, "--out", disk / "run")
        assert "cannot be written: No space left on device; free at least 16 MiB" in message
    finally:
        subprocess.run(["umount", disk], check=True)


# --- what is in it ------------------------------------------------------------------------------


def test_the_hashes_of_a_complete_run_are_those_of_its_files(tmp_path):
    assert run_here(*TRAIN, "--out", tmp_path).returncode == 0
    kept = manifest(tmp_path)["files"]
    on_disk = {
        str(file.relative_to(tmp_path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in tmp_path.rglob("*")
        if file.is_file() and file.name not in ("manifest.json", ".lock")
    }
    assert kept == on_disk
    assert "policies/hall/seed-0/network.npz" in kept


def test_the_manifest_says_how_it_was_made(tmp_path):
    path = make(tmp_path).path
    kept = manifest(path)
    assert kept["status"] == "running"
    assert kept["command"] == [Path(sys.argv[0]).name, *sys.argv[1:]]
    assert kept["versions"]["python"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert {"rlsys", "numpy"} <= set(kept["versions"])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, "complete"),
        (RuntimeError("x"), "failed"),
        (UserError("x"), "failed"),
        (SystemExit(1), "failed"),
        (Interrupted("x"), "interrupted"),
        (KeyboardInterrupt(), "interrupted"),
    ],
    ids=repr,
)
def test_the_status_tells_how_it_ended(tmp_path, error, expected):
    run = make(tmp_path)

    def work():
        with run.writing():
            assert status(tmp_path) == "running"
            if error is not None:
                raise error

    if error is None:
        work()
    else:
        with pytest.raises(type(error)):
            work()
    assert status(tmp_path) == expected == RunDirectory.open(tmp_path).status


def test_only_one_process_writes(tmp_path):
    run = make(tmp_path)
    code = (
        "import sys; from pathlib import Path; from rlsys.workflow import RunDirectory\n"
        "with RunDirectory.open(Path(sys.argv[1])).writing(): pass"
    )
    other = [sys.executable, "-c", code, str(tmp_path)]
    with run.writing():
        result = subprocess.run(other, capture_output=True, text=True, check=False)
        assert "another process is writing to this run" in result.stderr
        assert status(tmp_path) == "running"
    assert subprocess.run(other, check=False).returncode == 0


def test_a_torn_last_line_of_metrics_is_left_out_and_a_torn_other_one_is_an_error(tmp_path):
    run = make(tmp_path)
    assert run.metrics() == []
    run.append_metrics({"step": 1})
    run.append_metrics({"step": 2})
    file = tmp_path / "metrics.jsonl"
    file.write_text(file.read_text()[:-5])
    assert run.metrics() == [{"step": 1}]
    run.keep_metrics(lambda _: True)
    run.append_metrics({"step": 3})
    assert run.metrics() == [{"step": 1}, {"step": 3}]
    file.write_text('{"step": 1\n{"step": 2}\n')
    with pytest.raises(UserError, match="contains a line that is not JSON"):
        run.metrics()


def test_a_first_line_that_is_torn_does_not_spoil_a_resumed_run(tmp_path):
    made = run_here(*LAMPS, "train", "lamps", "--steps", "192", "--out", tmp_path)
    assert made.returncode == 0, made.stderr
    kept = manifest(tmp_path) | {"status": "running"}
    (tmp_path / "manifest.json").write_text(json.dumps(kept))
    shutil.rmtree(tmp_path / "policies")
    (tmp_path / "metrics.jsonl").write_text('{"time": 17')
    again = run_here(*TRAIN, "--out", tmp_path, "--resume")
    assert again.returncode == 0, again.stderr
    assert [line["step"] for line in RunDirectory.open(tmp_path).metrics() if "reward" in line] == [
        96,
        192,
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not a run directory"),
        ("{", "cannot be read"),
        ("[]", "schema is not 'rlsys.manifest/1'"),
        ('{"schema": "other/1"}', "schema is not 'rlsys.manifest/1'"),
    ],
)
def test_what_is_no_run_directory(tmp_path, content, message):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    for command in (["evaluate"], ["export", "--to", "json"]):
        assert message in refused(*command, tmp_path)
    assert message in refused(*TRAIN, "--out", tmp_path, "--resume")


# --- which one ----------------------------------------------------------------------------------


def test_the_newest_unfinished_run_of_the_same_plugin_and_preset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no unfinished run of lamps, preset default"):
        newest_unfinished("lamps", "default")
    old, done, new = (make(Path("runs") / name) for name in ("c-old", "b-done", "a-new"))
    RunDirectory.create(Path("runs/other"), {"plugin": "lamps", "preset": "two-rooms"}, ())
    with done.writing():
        pass
    (tmp_path / "runs" / "foreign").mkdir()
    (tmp_path / "runs" / "foreign" / "manifest.json").write_text("{}")
    assert newest_unfinished("lamps", "default") == new.path
    with new.writing():
        pass
    assert newest_unfinished("lamps", "default") == old.path


def test_a_default_directory_is_always_a_new_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = []
    for _ in range(5):
        paths.append(make(default_directory("lamps", "default")).path)
    assert len(set(paths)) == 5
