"""The guard takes down what was noted, last first, once, however its owner ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import HANG, eventually

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from rlsys_sysctl.benchmarks.guard import guarded

log = Path(sys.argv[1])

def remove(line):
    with log.open("a") as file:
        file.write(line + "\\n")
    if line == "bad":
        raise OSError("cannot be removed")

with guarded(remove) as note:
    for line in ("first", "bad", "last"):
        note(line)
    print("up", flush=True)
    sys.stdin.read()
    if sys.argv[2] == "error":
        raise SystemExit(7)
"""


@pytest.mark.parametrize("how", ["end", "error", "SIGTERM", "SIGKILL", "SIGKILL to its group"])
def test_everything_noted_is_removed_in_reverse_even_after_an_error(
    how: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(log), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "errors").open("wb"),
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    assert not log.exists()
    if how.endswith("group"):
        os.killpg(process.pid, signal.SIGKILL)
    elif how.startswith("SIG"):
        process.send_signal(getattr(signal, how))
    process.stdin.close()
    assert process.stdout.read() == b"", "its output ends with it, not with the guard"
    process.stdout.close()
    assert process.wait(HANG) == {"end": 0, "error": 7, "SIGTERM": -15}.get(how, -9)
    everything = "last\nbad\nfirst\n"
    assert eventually(lambda: log.exists() and log.read_text() == everything)
    errors = (tmp_path / "errors").read_text()
    assert errors == "error: could not take down 'bad': cannot be removed\n"
