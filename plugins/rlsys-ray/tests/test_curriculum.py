"""A curriculum on a cluster: the same stages in the same order as on one machine."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest
from climb import CLIMB, PROMOTED, ROOMS, assert_same_climb, lines
from comparing import steps
from patience import HANG, wait_until
from program import HOLDING, run, start

RAY = ("--executor", "ray", "--jobs", "2")
TWO = (*HOLDING, *CLIMB, *PROMOTED, "--seeds", "2")


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> Path:
    """Return what a local run of `TWO` makes."""
    path = tmp_path_factory.mktemp("local") / "run"
    done = run(*TWO, "--out", path)
    assert done.returncode == 0, done.stderr
    return path


def test_a_climb_on_ray_equals_a_local_one(tmp_path, local):
    path = tmp_path / "run"
    done = run(*TWO, *RAY, "--out", path)
    assert done.returncode == 0, done.stderr
    assert_same_climb(path, local, seeds=(0, 1))
    assert list(dict.fromkeys(line["case"] for line in lines(path))) == list(ROOMS)


@pytest.mark.slow
def test_a_climb_that_was_stopped_goes_on_without_the_cluster(tmp_path, local, monkeypatch):
    path, hold = tmp_path / "run", tmp_path / "hold"
    hold.touch()
    monkeypatch.setenv("HOLD", str(hold))
    child = start(*TWO, *RAY, "--out", path)
    try:
        wait_until(lambda: steps(path) == {0: 480, 1: 480} or child.poll() is not None)
        child.send_signal(signal.SIGINT)
        _, stderr = child.communicate(timeout=HANG)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    assert child.returncode == 130, stderr
    assert not list(path.rglob("start.npz"))
    hold.unlink()
    resumed = run(*TWO, "--out", path, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert_same_climb(path, local, seeds=(0, 1))
