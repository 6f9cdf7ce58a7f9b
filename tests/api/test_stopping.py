"""Ctrl-C during a training saves it, as on the command line; signals belong to the main thread."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from patience import HANG, wait_until
from program import HOLDING, LAMPS_FILE, environment

import rlsys
from rlsys.errors import Interrupted
from rlsys.training import checkpoint_step

SCRIPT = """
    import sys
    import rlsys
    from rlsys.errors import Interrupted

    try:
        rlsys.train("lamps", steps=1920, set={"training.checkpoint_every": 96}, out=sys.argv[1],
                    plugin_file=sys.argv[2:])
    except Interrupted as error:
        print("interrupted:", error)
    else:
        print("finished")
"""


def test_an_interrupted_cell_or_script_goes_on_to_the_same_result(tmp_path):
    (tmp_path / "hold").touch()
    words = [tmp_path / "run", LAMPS_FILE, HOLDING[1]]
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), *map(str, words)],
        env=environment(HOLD=tmp_path / "hold"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    lines = tmp_path / "run" / "metrics.jsonl"
    try:
        wait_until(
            lambda: (
                (lines.exists() and lines.read_text().count("\n") >= 3) or child.poll() is not None
            )
        )
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=HANG)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    assert out.startswith("interrupted: stopped "), err
    assert out.endswith("continue with --resume\n")
    assert rlsys.load(tmp_path / "run").status == "interrupted"
    given = {"steps": 1920, "set": {"training.checkpoint_every": 96}, "plugin_file": LAMPS_FILE}
    whole = rlsys.train("lamps", out=tmp_path / "whole", **given)
    parts = rlsys.train("lamps", out=tmp_path / "run", resume=True, **given)
    assert parts.status == "complete"
    ours, theirs = (one.policy().network.parts()[1] for one in (parts, whole))
    for name in theirs:
        np.testing.assert_array_equal(ours[name], theirs[name])


def test_ctrl_c_in_this_process_is_an_exception_and_the_handler_is_put_back(tmp_path, monkeypatch):
    from rlsys.workflow.run_directory import RunDirectory

    append = RunDirectory.append_metrics

    def press(self, line):
        append(self, line)
        if line["step"] == 96:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(RunDirectory, "append_metrics", press)
    with pytest.raises(Interrupted, match="continue with --resume"):
        rlsys.train("lamps", steps=960, out=tmp_path / "run", plugin_file=LAMPS_FILE)
    assert signal.getsignal(signal.SIGINT) is before
    assert rlsys.load(tmp_path / "run").status == "interrupted"
    (agent,) = (tmp_path / "run").glob("policies/*/*/checkpoints/*")
    assert checkpoint_step(agent) == 96


def test_another_thread_may_train_and_leaves_the_signals_alone(tmp_path):
    found = {}

    def work():
        found["run"] = rlsys.train("lamps", steps=96, out=tmp_path / "run", plugin_file=LAMPS_FILE)

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(HANG)
    assert found["run"].status == "complete"
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
