"""The original values survive whatever happens between the first write and the last."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from coupled_kernel import CoupledKernel
from fake_tree import FakeTree
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys_sysctl.machine import journal as journal_module
from rlsys_sysctl.machine.journal import Journal, boot_id, differing, restore
from rlsys_sysctl.machine.kernel import Place
from rlsys_sysctl.machine.netns import Namespace

HERE = Place("/proc/sys", None)
INSIDE = Place("/proc/sys", Namespace(12, 4026532000, 77, initial=False))


def journal_in(folder: Path) -> Journal:
    folder.mkdir(exist_ok=True)
    return Journal(folder)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["vm.a", "net.b", "kernel.c"]), st.text(max_size=30)))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, values: dict) -> None:
    journal = journal_in(tmp_path_factory.mktemp("state"))
    wanted = {(place, name): text for name, text in values.items() for place in (HERE, INSIDE)}
    journal.write(wanted)
    entries = journal.read()
    assert entries is not None
    assert entries.values == wanted
    assert entries.this_boot
    assert entries.pid == os.getpid()


def test_it_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File synced, then renamed, then folder synced: a power cut leaves all of it or nothing."""
    steps = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        steps.append(("sync", path.name, path.stat().st_size if path.is_file() else None))
        fsync(descriptor)

    def noted_replace(source: Path, target: Path) -> None:
        steps.append(("rename", Path(target).name, None))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    journal = journal_in(tmp_path / "state")
    journal.write({(HERE, "vm.a"): "1"})
    size = journal.path.stat().st_size
    assert steps == [
        ("sync", "journal.json.part", size),
        ("rename", "journal.json", None),
        ("sync", "state", None),
    ]
    journal.remove()
    assert steps[3:] == [("sync", "state", None)]
    assert journal.read() is None


def test_a_full_disk_is_told_and_the_old_journal_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_in(tmp_path)
    journal.write({(HERE, "vm.a"): "old"})

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"journal.json: .* No space left.*nothing was changed"):
        journal.write({(HERE, "vm.a"): "new"})
    entries = journal.read()
    assert entries is not None
    assert entries.values == {(HERE, "vm.a"): "old"}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"format": "rlsys-sysctl.journal/2", "entries": []}',
        '{"format": "rlsys-sysctl.journal/1", "boot": "b", "pid": 1, "started": 1, "entries": [3]}',
    ],
)
def test_a_damaged_journal_is_told(tmp_path: Path, content: str) -> None:
    journal = journal_in(tmp_path)
    journal.path.write_text(content)
    with pytest.raises(UserError, match=r"no journal that this version reads .*--discard"):
        journal.read()


def test_a_journal_never_leads_out_of_the_tree(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.write({(HERE, "vm.a"): "1"})
    journal.path.write_text(journal.path.read_text().replace("vm.a", "../../etc/passwd"))
    with pytest.raises(UserError, match=r"no name of a kernel parameter"):
        journal.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file away: sudo")
def test_a_journal_of_another_user_is_not_trusted(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.write({(HERE, "vm.a"): "1"})
    os.chown(journal.path, 65534, 65534)
    with pytest.raises(UserError, match=r"belongs to user 65534, who is not to be trusted"):
        journal.read()


def test_only_this_user_can_read_it(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.write({(HERE, "vm.a"): "1"})
    assert journal.path.stat().st_mode & 0o077 == 0


def test_what_a_cut_off_write_has_left_goes_with_the_journal(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.write({(HERE, "vm.a"): "1"})
    for suffix in (".part", ".new"):  # of this version, and of the one before
        (tmp_path / f"journal.json{suffix}").write_text("{")
    journal.remove()
    assert list(tmp_path.iterdir()) == []


def written(fake_proc: FakeTree, folder: Path) -> Journal:
    """Return a journal of what `fake_proc` has now."""
    journal = journal_in(folder)
    place = Place(str(fake_proc.root), None)
    journal.write(
        {(place, n): v for n, v in fake_proc.values().items() if not n.startswith("kernel.")}
    )
    return journal


def test_restoring_a_pair_writes_the_one_that_was_set(fake_proc: FakeTree, tmp_path: Path) -> None:
    before = fake_proc.values()
    entries = written(fake_proc, tmp_path).read()
    assert entries is not None
    kernel = CoupledKernel(fake_proc.root)
    kernel.write("vm.dirty_bytes", "123456789")  # had the ratio set
    kernel.write("vm.dirty_background_ratio", "7")  # had the bytes set
    settled, lines = restore(entries, CoupledKernel)
    assert fake_proc.values() == before
    assert not settled.problems
    assert "vm.dirty_bytes: '123456789' -> '0'" in lines
    assert len(lines) == 4


def test_after_a_restart_equal_values_are_left_alone(
    fake_proc: FakeTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = written(fake_proc, tmp_path).read()
    assert entries is not None
    monkeypatch.setattr(journal_module, "boot_id", lambda: "another boot")
    times = {path: path.stat().st_mtime_ns for path in fake_proc.root.rglob("*")}
    assert not entries.this_boot
    assert differing(entries, CoupledKernel) == []
    assert restore(entries, CoupledKernel)[1] == []
    assert {path: path.stat().st_mtime_ns for path in fake_proc.root.rglob("*")} == times
    CoupledKernel(fake_proc.root).write("vm.swappiness", "1")
    assert differing(entries, CoupledKernel) == ["vm.swappiness is '1' where it was '60'"]
    assert restore(entries, CoupledKernel)[1] == ["vm.swappiness: '1' -> '60'"]


def test_a_namespace_that_is_gone_has_nothing_to_restore(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.write({(INSIDE, "net.ipv4.tcp_rmem"): "1 2 3"})
    entries = journal.read()
    assert entries is not None
    settled, lines = restore(entries)
    assert settled.problems == {}
    assert len(settled.gone) == 1
    assert "nothing to put back" in lines[0]


def test_after_a_restart_other_namespaces_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_in(tmp_path)
    journal.write({(INSIDE, "net.ipv4.tcp_rmem"): "1 2 3"})
    entries = journal.read()
    assert entries is not None
    monkeypatch.setattr(journal_module, "boot_id", lambda: "another boot")
    assert restore(entries)[1] == []


def test_the_boot_has_a_number_of_its_own() -> None:
    assert len(boot_id()) == 36
    assert json.dumps(boot_id())
