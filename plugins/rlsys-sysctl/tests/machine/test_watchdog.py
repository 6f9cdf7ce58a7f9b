"""The watchdog's own promises; what it does after a kill is in test_kill."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from coupled_kernel import CoupledKernel
from fake_tree import FakeTree
from patience import HANG, eventually

from rlsys.errors import UserError
from rlsys_sysctl.machine import processes
from rlsys_sysctl.machine import watchdog as watchdog_module
from rlsys_sysctl.machine.journal import Journal
from rlsys_sysctl.machine.kernel import Kernel, Place
from rlsys_sysctl.machine.lock import Lock, holder
from rlsys_sysctl.machine.processes import MARK, end_group, end_marked, start_time
from rlsys_sysctl.machine.watchdog import Watchdog


@pytest.fixture
def lock(own_state: Path) -> Iterator[Lock]:
    held = Lock(own_state)
    held.acquire()
    yield held
    held.release()


def made(folder: Path, lock: Lock, kernel: type[Kernel] = CoupledKernel) -> Watchdog:
    return Watchdog(folder, lock.descriptor, os.urandom(8).hex(), kernel)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watchdogs go on trying for as long as a test may take."""
    monkeypatch.setattr(watchdog_module, "_TRIES", 10 * int(HANG))


def test_one_that_is_let_go_restores_what_the_journal_names(
    own_state: Path, lock: Lock, fake_proc: FakeTree
) -> None:
    watchdog = made(own_state, lock)
    watchdog.start()
    Journal(own_state).write({(Place(str(fake_proc.root), None), "vm.swappiness"): "60"})
    fake_proc.path("vm.swappiness").write_text("1\n")
    watchdog.leave()
    assert eventually(lambda: Journal(own_state).read() is None)
    assert fake_proc.values()["vm.swappiness"] == "60"
    told = (own_state / "last-restore.txt").read_text()
    assert "watchdog\n  vm.swappiness: '1' -> '60'" in told


def test_one_that_is_dismissed_touches_nothing(
    own_state: Path, lock: Lock, fake_proc: FakeTree
) -> None:
    watchdog = made(own_state, lock)
    watchdog.start()
    Journal(own_state).write({(Place(str(fake_proc.root), None), "vm.swappiness"): "60"})
    fake_proc.path("vm.swappiness").write_text("1\n")
    assert watchdog.alive
    watchdog.dismiss()
    lock.release()
    assert eventually(lambda: holder(own_state) is None)  # it has ended: it held the lock too
    assert Journal(own_state).read() is not None
    assert fake_proc.values()["vm.swappiness"] == "1"


@pytest.mark.usefixtures("patient")
def test_it_keeps_trying_while_a_value_cannot_be_written(
    own_state: Path, lock: Lock, fake_proc: FakeTree
) -> None:
    watchdog = made(own_state, lock)
    watchdog.start()
    Journal(own_state).write({(Place(str(fake_proc.root), None), "vm.swappiness"): "60"})
    path = fake_proc.path("vm.swappiness")
    path.unlink()
    path.mkdir()  # nothing can be written to it, not even by root
    watchdog.leave()
    told = own_state / "last-restore.txt"
    assert eventually(lambda: told.exists() and "NOT put back" in told.read_text())
    assert Journal(own_state).path.exists()
    path.rmdir()
    path.write_text("1\n")
    assert eventually(lambda: not Journal(own_state).path.exists())
    assert path.read_text() == "60\n"


def test_an_unreadable_journal_is_kept_and_told(own_state: Path, lock: Lock) -> None:
    watchdog = made(own_state, lock)
    watchdog.start()
    Journal(own_state).path.write_text("{")
    watchdog.leave()
    told = own_state / "last-restore.txt"
    assert eventually(lambda: told.exists() and "cannot read the journal" in told.read_text())
    assert Journal(own_state).path.read_text() == "{"


@pytest.mark.usefixtures("patient")
def test_the_lock_is_held_until_everything_is_as_it_was(
    own_state: Path, lock: Lock, fake_proc: FakeTree
) -> None:
    watchdog = made(own_state, lock)
    watchdog.start()
    Journal(own_state).write({(Place(str(fake_proc.root), None), "vm.swappiness"): "60"})
    path = fake_proc.path("vm.swappiness")
    path.unlink()
    path.mkdir()
    lock.release()
    watchdog.leave()
    assert holder(own_state) == os.getpid()  # who took it; the watchdog holds it on
    path.rmdir()
    path.write_text("1\n")
    following = Lock(own_state)
    assert eventually(lambda: holder(own_state) is None)
    following.acquire()
    assert path.read_text() == "60\n"
    assert Journal(own_state).read() is None
    following.release()


def test_a_fork_of_the_tuner_that_holds_the_socket_does_not_hide_its_death(
    own_state: Path, lock: Lock, fake_proc: FakeTree
) -> None:
    """multiprocessing forks: the socket stays open in the child, so the process is watched too."""
    until_the_end, end = os.pipe()
    tuner = os.fork()
    if not tuner:
        os.close(end)
        watchdog = made(own_state, lock)
        watchdog.start()
        Journal(own_state).write({(Place(str(fake_proc.root), None), "vm.swappiness"): "60"})
        fake_proc.path("vm.swappiness").write_text("1\n")
        if os.fork():
            os.kill(os.getpid(), signal.SIGKILL)
        os.read(until_the_end, 1)  # nobody writes: the fork lives until this test is over
        os._exit(0)
    os.close(until_the_end)
    os.waitpid(tuner, 0)
    assert eventually(lambda: not Journal(own_state).path.exists())
    os.close(end)
    assert fake_proc.values()["vm.swappiness"] == "60"


def test_groups_that_it_was_told_of_end_with_the_tuner(own_state: Path, lock: Lock) -> None:
    """A benchmark may clear its environment: then its process group is all there is."""
    watchdog = made(own_state, lock)
    watchdog.start()
    script = "trap '' TERM; env -i sleep 100 & exec env -i sleep 100"
    running, over = (
        subprocess.Popen(["sh", "-c", script], start_new_session=True) for _ in range(2)
    )
    for process in (running, over):
        watchdog.begun(process.pid, start_time(process.pid))
        assert eventually(lambda pid=process.pid: len(_group(pid)) == 2)
    watchdog.over(over.pid)
    watchdog.leave()
    assert running.wait(HANG) == -signal.SIGKILL
    assert eventually(lambda: not _group(running.pid))
    assert len(_group(over.pid)) == 2
    os.killpg(over.pid, signal.SIGKILL)
    over.wait()


def _group(group: int) -> list[int]:
    """Return the processes of a group, without those that have ended."""
    members = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, pgrp = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == group and state != "Z":
            members.append(int(folder.name))
    return members


def test_it_is_nobodys_child_and_leads_no_terminal(own_state: Path, lock: Lock) -> None:
    watchdog = made(own_state, lock)
    watchdog.start()
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children]
    assert not any(b"rlsys_sysctl.machine.watchdog" in command for command in commands)
    watchdog.dismiss()


def test_one_that_cannot_start_is_told(
    own_state: Path, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Local(Kernel):
        """Cannot be imported by another process."""

    with pytest.raises(UserError, match=r"the watchdog does not start .*nothing was changed"):
        made(own_state, lock, Local).start()
    monkeypatch.setattr(watchdog_module, "_BOOT", "raise SystemExit('no such thing')")
    with pytest.raises(UserError, match=r"does not start \(no such thing\)"):
        made(own_state, lock).start()


def test_a_watchdog_that_was_killed_is_noticed(own_state: Path, lock: Lock) -> None:
    watchdog = made(own_state, lock)
    assert not watchdog.alive
    watchdog.start()
    assert watchdog.alive
    ended = [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if watchdog._mark.encode() in _command(folder)
    ]
    (process,) = ended
    descriptor = os.pidfd_open(process)
    os.kill(process, signal.SIGKILL)
    select.select([descriptor], [], [], HANG)
    os.close(descriptor)
    assert not watchdog.alive
    watchdog.begun(1, 1)  # does not raise: it is replaced before the next write
    watchdog.leave()


def _command(folder: Path) -> bytes:
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""


def test_marked_processes_are_ended_wherever_they_went() -> None:
    mark = os.urandom(8).hex()
    spared = subprocess.Popen(["sleep", "100"], env=os.environ | {MARK: f"{mark}0"})
    shell = subprocess.Popen(
        ["sh", "-c", "setsid sleep 100 & setsid setsid sleep 100 & sleep 100"],
        env=os.environ | {MARK: mark},
        start_new_session=True,
    )
    assert eventually(lambda: _sleeping(mark) == 3)
    assert end_marked(mark) == 4
    assert end_marked(mark) == 0
    assert shell.wait(HANG) == -signal.SIGKILL
    assert spared.poll() is None
    spared.kill()
    spared.wait()


def _sleeping(mark: str) -> int:
    """Return how many processes with the mark run sleep(1)."""
    found = 0
    for folder in Path("/proc").glob("[0-9]*"):
        if _command(folder).startswith(b"sleep\0"):
            with contextlib.suppress(OSError):  # it has just ended
                found += f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0")
    return found


def test_one_that_shows_its_mark_a_moment_later_is_found_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While a program is being started, its environment cannot be seen."""
    looks = iter([set(), {7}, {7}, set(), {8}])
    monkeypatch.setattr(processes, "kill_marked", lambda _mark: next(looks, set()))
    assert end_marked("any") == 2


def test_a_group_whose_number_was_given_again_is_spared() -> None:
    process = subprocess.Popen(["sleep", "100"], start_new_session=True)
    started = start_time(process.pid)
    assert started > 0
    end_group(process.pid, started - 1)
    assert process.poll() is None
    end_group(process.pid, started)
    assert process.wait(HANG) == -signal.SIGKILL
    assert start_time(process.pid) == 0
    end_group(process.pid, started)  # nobody there: nothing happens
