"""A climb that is stopped or killed, in a stage or between two, ends as an undisturbed one."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest
from climb import CLIMB, PROMOTED, ROOMS, assert_same_climb, lines, unit
from patience import HANG, wait_until
from program import HOLDING, run_here, start

from rlsys.executors import training_unit
from rlsys.storage import atomic

TRAIN = (*CLIMB, *PROMOTED)


def done(*arguments):
    result = run_here(*arguments)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return an undisturbed run; treat it as read-only."""
    path = tmp_path_factory.mktemp("whole") / "run"
    done(*TRAIN, "--out", path)
    return path


STRIDE = 5
"""Writes between two kills; with 1 every write is tried, which takes a minute."""


class Killed(BaseException):
    """Stands for a kill at a write."""


def dying(after, writes):
    replace = os.replace

    def call(*given):
        writes.append(given)
        if len(writes) > after:
            raise Killed
        return replace(*given)

    return call


def test_a_kill_at_any_write_loses_nothing(tmp_path, whole, monkeypatch):
    """Nothing that is written later than the kill gets onto the disk, as in a real one."""
    after, deaths = 3, 0
    while True:
        path, writes = tmp_path / f"after-{after}", []
        with monkeypatch.context() as patch:
            patch.setattr(atomic.os, "replace", dying(after, writes))
            with contextlib.suppress(Killed):
                run_here(*TRAIN, "--out", path)
        if len(writes) <= after:
            break
        deaths += 1
        done(*TRAIN, "--out", path, "--resume")
        assert_same_climb(path, whole)
        after += STRIDE
    assert deaths >= 8


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("room", ROOMS)
def test_a_real_kill_within_a_stage(tmp_path, whole, monkeypatch, room, number):
    path, hold = tmp_path / "run", tmp_path / "hold"
    hold.write_text(room)
    monkeypatch.setenv("HOLD", str(hold))
    child = start(*HOLDING, *TRAIN, "--out", path)

    def held():
        file = path / "metrics.jsonl"
        there = file.exists() and any(
            line["case"] == room and 2 * line["step"] >= line["total"] for line in lines(path)
        )
        return there or child.poll() is not None

    try:
        wait_until(held)
        child.send_signal(number)
        _, stderr = child.communicate(timeout=HANG)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    assert child.returncode == (-9 if number == signal.SIGKILL else 130), stderr
    finished = [r for r in ROOMS if (unit(path, r) / "network.npz").exists()]
    # A stop waits for the next boundary, at which a rule may end the stage.
    most = ROOMS.index(room) + (number == signal.SIGINT)
    assert ROOMS.index(room) <= len(finished) <= most
    assert finished == list(ROOMS[: len(finished)])
    before = {f: f.stat().st_mtime_ns for r in finished for f in unit(path, r).rglob("*")}
    hold.unlink()
    trained, pipeline = [], training_unit.train_pipeline

    def noted(plan, unit, *more):
        trained.append(unit.case)
        pipeline(plan, unit, *more)

    monkeypatch.setattr(training_unit, "train_pipeline", noted)
    done(*TRAIN, "--out", path, "--resume")
    assert trained == list(ROOMS[len(finished) :])
    assert {f: f.stat().st_mtime_ns for f in before} == before
    assert_same_climb(path, whole)
