"""A search that was stopped resumes as if nothing had happened."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from patience import HANG, wait_until
from searching import document, rlsys, start, states, study, trials

SEARCH = ("tune", "signs", "--trials", "5", "--search", "learning_rate=1e-3..10:log")
SHORT = ("--steps", "20")


def begin(path: Path, *arguments, held: int) -> subprocess.Popen[str]:
    """Start a search and return when trial `held` has reported; it goes on no further."""
    hold, metrics = path.with_name("hold"), path / "metrics.jsonl"
    hold.write_text(f"trials/{held:03d}")
    process = start(*SEARCH, *arguments, "--out", path, hold=hold)
    wait_until(lambda: metrics.exists() and f'"trial": {held}' in metrics.read_text())
    return process


def outcomes(path: Path):
    """Return what each trial tried and came to, but for those that were interrupted."""
    return [(t.params, t.state, t.value) for t in trials(path) if t.state.name != "FAIL"]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("uninterrupted") / "search"
    document(*SEARCH, *SHORT, "--out", path)
    return path


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_search_resumes_to_the_same_trials(uninterrupted, tmp_path, number):
    path = tmp_path / "search"
    process = begin(path, *SHORT, held=2)
    # A terminal sends its Ctrl-C to the whole group.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    process.communicate(timeout=HANG)
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    manifest = json.loads((path / "manifest.json").read_text())
    assert manifest["status"] == ("running" if number == signal.SIGKILL else "interrupted")
    assert states(path).count("COMPLETE") == 2

    result = document(*SEARCH, *SHORT, "--out", path, "--resume")
    assert len(outcomes(path)) == 5
    assert outcomes(path) == outcomes(uninterrupted)
    assert states(path).count("FAIL") == 1
    assert result["notes"][0].endswith(" 0 failed, 1 interrupted")
    assert not list(path.glob("trials/*/policies/*/*/checkpoints"))


def test_no_process_outlives_a_killed_search(tmp_path):
    path = tmp_path / "search"
    process = begin(path, held=0)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=HANG)
    wait_until(lambda: not is_there(process.pid))
    process.communicate(timeout=HANG)


def is_there(group: int) -> bool:
    """Whether the process group has members."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_torn_study_is_refused_in_one_line(uninterrupted, tmp_path):
    path = tmp_path / "search"
    shutil.copytree(uninterrupted, path)
    (path / "study.db").write_bytes(b"no database" * 1000)
    done = rlsys(*SEARCH, *SHORT, "--out", path, "--resume", "--quiet")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "study.db: cannot be read or written: file is not a database" in done.stderr


def test_more_trials_go_on_whatever_a_kill_left_running(uninterrupted, tmp_path):
    path = tmp_path / "search"
    document(*SEARCH, *SHORT, "--out", path, "--trials", "2")
    assert states(path) == ["COMPLETE"] * 2
    study(path).ask()
    assert states(path)[2] == "RUNNING"
    document(*SEARCH, *SHORT, "--out", path, "--resume")
    assert states(path)[2] == "FAIL"
    assert outcomes(path) == outcomes(uninterrupted)
    refused = rlsys(
        "tune", "signs", "--trials", "5", *SHORT, "--search", "learning_rate=1e-3..5:log",
        "--out", path, "--resume",
    )  # fmt: skip
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == (
        f"rlsys: error: {path}: was begun with --search descent.learning_rate=0.001..10.0:log and "
        "is resumed with 0.001..5.0:log; resume with the same --search, or start another search "
        "with another --out"
    )
    other = rlsys(*SEARCH, "--out", path, "--resume", "--quiet")
    assert other.returncode == 1
    assert "was started with agents.descent.steps = 20, not 40" in other.stderr
