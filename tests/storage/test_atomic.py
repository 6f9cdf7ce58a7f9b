"""A file is replaced whole or not at all, whatever goes wrong on the way."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys

import pytest

from rlsys.storage import write_atomically


def test_text_and_bytes_are_written(tmp_path):
    write_atomically(tmp_path / "text", "naïve\n")
    write_atomically(tmp_path / "bytes", b"\x00\r\n\xff")
    assert (tmp_path / "text").read_bytes() == "naïve\n".encode()
    assert (tmp_path / "bytes").read_bytes() == b"\x00\r\n\xff"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bytes", "text"]


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_an_error_leaves_the_old_content_and_nothing_beside_it(tmp_path, monkeypatch, step):
    path = tmp_path / "file"
    write_atomically(path, "old")
    if step == "write":  # a real one: the file may not grow beyond 100 bytes
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        usual = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    else:
        monkeypatch.setattr(os, step, refuse)
    try:
        with pytest.raises(OSError, match=r"File too large|disk"):
            write_atomically(path, "new" * 1000)
    finally:
        if step == "write":
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, usual)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def refuse(*_):
    raise OSError(28, "no space on the disk")


KILLED = """
import os, signal, sys
from pathlib import Path
from rlsys.storage import atomic
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
atomic.write_atomically(Path(sys.argv[1]), "new" * 1000)
"""


def test_a_kill_in_the_middle_leaves_the_old_content_and_the_next_write_works(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, "old")
    ended = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    write_atomically(path, "newer")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "newer"


def test_permissions_are_the_callers(tmp_path):
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "usual", "x")
        write_atomically(tmp_path / "secret", "x", mode=0o600)
    finally:
        os.umask(before)
    modes = {p.name: p.stat().st_mode & 0o777 for p in tmp_path.iterdir()}
    assert modes == {"usual": 0o644, "secret": 0o600}
