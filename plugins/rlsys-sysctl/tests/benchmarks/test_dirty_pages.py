"""Dirty pages: the bursts are written in full, leave nothing, and faults are one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlsys.errors import UserError
from rlsys_sysctl.benchmarks import dirty_pages
from rlsys_sysctl.workload.workload import load_workload

MB = 1 << 20


def test_a_burst_is_written_in_full_and_time_in_pauses_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dirty_pages, "BURST_MB", 6)
    monkeypatch.setattr(dirty_pages, "GROUP_MB", 2)
    slept: list[float] = []
    monkeypatch.setattr(dirty_pages.time, "sleep", slept.append)
    content = os.urandom(MB)
    with (tmp_path / "file").open("w+b", buffering=0) as file:
        writing, syncing = dirty_pages.burst(file.fileno(), content)
        assert (tmp_path / "file").read_bytes() == content * 6
    assert slept == [dirty_pages.PAUSE_SECONDS] * 3
    assert writing > 0
    assert syncing > 0


def test_runs_print_the_metric_and_leave_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dirty_pages, "BURST_MB", 4)
    metrics = dirty_pages.measure(str(tmp_path), 0.01, seed=1)
    assert metrics[load_workload("dirty-pages").reward_metric] > 0
    assert metrics["fsync_seconds"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--folder"):
        dirty_pages.measure(str(tmp_path / "none"), 0.01, seed=1)


def test_a_disk_that_is_full_is_one_line_and_leaves_no_file(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk."""
    program = (
        "import resource, runpy, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({MB}, {MB}))\n"
        f"sys.argv = ['dirty_pages', '--seconds=1', '--folder={tmp_path}']\n"
        "runpy.run_module('rlsys_sysctl.benchmarks.dirty_pages', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write 384 MB into")
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "long"])
def test_lengths_that_no_run_can_have_are_refused(seconds: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rlsys_sysctl.benchmarks.dirty_pages", f"--seconds={seconds}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "--seconds" in done.stderr
