"""A memory cgroup with a limit, of version 1 or 2, whichever the machine has mounted."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from rlsys.errors import UserError

MOUNTS = Path("/proc/self/mounts")
_END_SECONDS = 30.0


def memory_hierarchy(mounts: Path = MOUNTS) -> Path:
    """The root of the hierarchy that has the memory controller.

    Raises UserError where there is none, or where version 2 does not hand the controller on.
    """
    for line in mounts.read_text().splitlines():
        _, folder, kind, options, *_ = line.split()
        root = Path(folder.encode().decode("unicode_escape"))
        if kind == "cgroup" and "memory" in options.split(","):
            return root
        if kind == "cgroup2" and "memory" in (root / "cgroup.controllers").read_text().split():
            if "memory" not in (root / "cgroup.subtree_control").read_text().split():
                raise UserError(
                    f"the memory controller is not handed on to cgroups below {root}; "
                    f"echo +memory > {root / 'cgroup.subtree_control'}"
                )
            return root
    raise UserError(
        "no memory cgroup is mounted here, so memory pressure cannot be kept to one program; "
        "mount one (systemd does: see mount | grep cgroup), or leave this benchmark out"
    )


def make(name: str, limit: int, root: Path) -> Path:
    """Makes a cgroup below `root` whose processes may have `limit` bytes of memory in use."""
    cgroup = root / name
    try:
        cgroup.mkdir()
        version_1 = cgroup / "memory.limit_in_bytes"
        (version_1 if version_1.exists() else cgroup / "memory.max").write_text(str(limit))
    except OSError as error:
        raise UserError(
            f"cannot make the memory cgroup {cgroup} ({error.strerror}); this benchmark needs "
            "root: run it with sudo"
        ) from None
    return cgroup


def join(cgroup: Path, swappiness: str) -> None:
    """Moves this process into the cgroup.

    In version 1 a cgroup has a swappiness of its own, which stands for vm.swappiness; it is set to
    that, `swappiness`.  In version 2 vm.swappiness itself counts.
    """
    try:
        own = cgroup / "memory.swappiness"
        if own.exists():
            own.write_text(swappiness)
        (cgroup / "cgroup.procs").write_text(str(os.getpid()))
    except OSError as error:
        raise UserError(
            f"cannot join the memory cgroup {cgroup} ({error.strerror}): the fixture has ended, or "
            "this is not root; this benchmark cannot run as another user"
        ) from None


def remove(cgroup: Path) -> None:
    """Ends what still runs in the cgroup and removes it; one that is gone is all right."""
    end = time.monotonic() + _END_SECONDS
    while cgroup.exists():
        for pid in (cgroup / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(int(pid), signal.SIGKILL)
        try:
            cgroup.rmdir()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
