"""Ending a benchmark with everything that it started.

A process group is what `runner` starts a benchmark in. A process that has left its group is found
by a mark in the environment that it was started with.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

MARK = "RLSYS_SYSCTL_MARK"
_PROC = Path("/proc")
_QUIET_LOOKS = 3
_BETWEEN_LOOKS = 0.02
_MOST_LOOKS = 100


def start_time(pid: int) -> int:
    """Return when process `pid` was started, in clock ticks since boot; 0 where it is gone.

    Number and time together name a process: numbers alone are given again.
    """
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return 0
    return int(stat.rpartition(b")")[2].split()[19])  # field 22 of proc_pid_stat(5)


def end_group(group: int, started: int) -> None:
    """Kill all processes of `group`, unless its number now belongs to somebody else.

    Args:
        started: `start_time` of the group's first process.
    """
    if start_time(group) in (0, started):  # while members live, the number is not given again
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def end_marked(mark: str) -> int:
    """Kill all processes whose environment has `mark`, and return how many there were.

    One that was just being started shows its environment a moment later: looks until none has
    been found several times running, or it has looked very often.
    """
    ended: set[int] = set()
    quiet = 0
    for look in range(_MOST_LOOKS):
        if quiet == _QUIET_LOOKS:
            break
        if look:
            time.sleep(_BETWEEN_LOOKS)
        found = kill_marked(mark)
        quiet = 0 if found - ended else quiet + 1
        ended |= found
    return len(ended)


def kill_marked(mark: str) -> set[int]:
    """Kill the processes whose environment has `mark` now, and return which they were."""
    wanted = f"{MARK}={mark}".encode("ascii")
    ended = set()
    for name in os.listdir(_PROC):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        # Ended meanwhile, or of a user whose processes are not ours to end.
        with contextlib.suppress(OSError):
            if wanted in (_PROC / name / "environ").read_bytes().split(b"\0"):
                os.kill(int(name), signal.SIGKILL)
                ended.add(int(name))
    return ended
