"""`rlsys sysctl restore` and `status` do and say what a user needs at a bad moment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_tree import FakeTree

from rlsys.errors import UserError
from rlsys_sysctl.commands.restore import group
from rlsys_sysctl.machine.journal import Journal
from rlsys_sysctl.machine.kernel import Kernel, Place
from rlsys_sysctl.machine.lock import Lock
from rlsys_sysctl.machine.machine import Machine


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, arguments, catch_exceptions=False)


@pytest.fixture
def cut_off(own_state: Path, fake_proc: FakeTree) -> Journal:
    """A journal whose tuner has died together with its watchdog."""
    own_state.mkdir()
    journal = Journal(own_state)
    place = Place(str(fake_proc.root), None)
    values = {"vm.swappiness": "60", "net.ipv4.tcp_rmem": "4096 131072 6291456"}
    journal.write({(place, name): value for name, value in values.items()})
    fake_proc.path("vm.swappiness").write_text("1\n")
    return journal


def test_restore_puts_back_and_says_what(cut_off: Journal, fake_proc: FakeTree) -> None:
    result = run("restore")
    assert result.exit_code == 0
    assert "had left:\n  vm.swappiness: '1' -> '60'\n" in result.output
    assert fake_proc.values()["vm.swappiness"] == "60"
    assert cut_off.read() is None
    assert "nothing to put back" in run("restore").output
    assert "rlsys sysctl restore\n  vm.swappiness: '1' -> '60'" in run("status").output


def test_restore_works_after_a_restart(
    cut_off: Journal, fake_proc: FakeTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlsys_sysctl.machine.journal.boot_id", lambda: "another boot")
    fake_proc.path("vm.swappiness").write_text("60\n")  # as the kernel starts with it
    output = run("restore").output
    assert "everything is as it was" in output
    assert "(the machine has been restarted since)" in output
    assert cut_off.read() is None


def test_restore_without_any_tuner_makes_nothing(own_state: Path) -> None:
    assert "nothing to put back: no tuner has been at work" in run("restore").output
    assert not own_state.exists()


def test_what_cannot_be_put_back_stays(cut_off: Journal, fake_proc: FakeTree) -> None:
    fake_proc.path("net.ipv4.tcp_rmem").unlink()
    with pytest.raises(
        UserError, match=r"(?s)swappiness: '1' -> '60'.*tcp_rmem: NOT put back.*stay"
    ):
        run("restore")
    assert fake_proc.values()["vm.swappiness"] == "60"
    assert cut_off.read() is not None


def test_discard_keeps_the_present_values_and_a_copy(
    cut_off: Journal, fake_proc: FakeTree, own_state: Path
) -> None:
    result = run("restore", "--discard")
    assert "the old values are forgotten" in result.output
    assert fake_proc.values()["vm.swappiness"] == "1"
    assert cut_off.read() is None
    assert '"original": "60"' in (own_state / "discarded.json").read_text()
    assert "nothing to forget" in run("restore", "--discard").output


def test_discard_removes_a_damaged_journal(cut_off: Journal) -> None:
    cut_off.path.write_text("{")
    with pytest.raises(UserError, match=r"--discard"):
        run("restore")
    assert run("restore", "--discard").exit_code == 0
    assert cut_off.read() is None


def test_restore_is_refused_while_a_tuner_works(own_state: Path) -> None:
    lock = Lock(own_state)
    lock.acquire()
    with pytest.raises(UserError, match=r"another tuner is at work"):
        run("restore")
    lock.release()


def test_status_tells_what_waits_and_what_is_different(cut_off: Journal) -> None:
    before = cut_off.path.read_text()
    output = run("status").output
    assert "no tuner is at work" in output
    assert "  vm.swappiness = 60\n" in output
    assert "vm.swappiness is '1' where it was '60'" in output
    assert "tcp_rmem is" not in output
    assert "put them back with `rlsys sysctl restore`" in output
    assert cut_off.path.read_text() == before


def test_status_while_a_tuner_works(fake_proc: FakeTree) -> None:
    assert "no values are waiting" in run("status").output
    with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) as machine:
        assert f"at work: process {os.getpid()}" in run("status").output
        assert "none of them is different now" in run("status").output
        machine.apply({"vm.swappiness": "5"})
        assert "vm.swappiness is '5' where it was '60'" in run("status").output
