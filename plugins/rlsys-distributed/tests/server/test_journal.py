"""The journal keeps what was written, whatever ends the process that writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys_distributed.server import journal as module
from rlsys_distributed.server.journal import Journal


def contents(journal: Journal, first: int = 1) -> list[tuple[int, bytes]]:
    return list(journal.read(first))


@pytest.fixture
def small(monkeypatch):
    """Make segments of about three records."""
    monkeypatch.setattr(module, "SEGMENT_BYTES", 100)


@pytest.mark.usefixtures("small")
def test_records_are_numbered_and_read_from_any_number(tmp_path):
    journal = Journal(tmp_path / "j")
    records = [bytes([n]) * (n + 10) for n in range(20)]
    assert [journal.append(record) for record in records] == list(range(1, 21))
    assert len(list((tmp_path / "j").glob("*.log"))) > 3
    for first in (1, 2, 7, 20, 21):
        assert contents(journal, first) == list(enumerate(records, 1))[first - 1 :]


@pytest.mark.usefixtures("small")
def test_another_process_finds_everything(tmp_path):
    journal = Journal(tmp_path)
    for n in range(9):
        journal.append(bytes([n]) * 40)
    journal.close()
    again = Journal(tmp_path)
    assert (again.first, again.next) == (1, 10)
    assert again.append(b"new") == 10
    assert contents(again, 9) == [(9, bytes([8]) * 40), (10, b"new")]


@pytest.mark.usefixtures("small")
def test_what_is_saved_is_forgotten_and_the_numbers_go_on(tmp_path):
    journal = Journal(tmp_path)
    for n in range(12):
        journal.append(bytes([n]) * 40)
    journal.forget(6)
    assert 1 < journal.first <= 6
    assert contents(journal, 6)[0] == (6, bytes([5]) * 40)
    journal.forget(13)
    assert journal.size == 0
    assert (journal.first, journal.next) == (13, 13)
    journal.close()
    again = Journal(tmp_path)
    assert again.append(b"x") == 13


def test_a_learner_can_be_ahead_of_a_journal_that_was_lost(tmp_path):
    journal = Journal(tmp_path)
    journal.append(b"old")
    journal.skip_to(50)
    assert journal.append(b"new") == 50
    assert contents(journal, 1) == [(50, b"new")]
    journal.skip_to(7)
    assert journal.next == 51


@given(st.integers(1, 200))
@settings(max_examples=30)
def test_a_torn_end_costs_only_the_last_record(tmp_path_factory, cut):
    folder = tmp_path_factory.mktemp("torn")
    journal = Journal(folder)
    records = [bytes([n]) * 30 for n in range(5)]
    for record in records:
        journal.append(record)
    journal.close()
    (path,) = folder.glob("*.log")
    size = path.stat().st_size
    os.truncate(path, max(0, size - cut))
    again = Journal(folder)
    kept = contents(again)
    assert kept == list(enumerate(records, 1))[: len(kept)]
    assert len(kept) == max(0, size - cut) // (size // 5)
    assert again.append(b"next") == len(kept) + 1
    assert contents(again)[-1] == (len(kept) + 1, b"next")


def test_a_changed_byte_at_the_end_is_noticed(tmp_path):
    journal = Journal(tmp_path)
    journal.append(b"good")
    journal.append(b"damaged")
    journal.close()
    (path,) = tmp_path.glob("*.log")
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    assert contents(Journal(tmp_path)) == [(1, b"good")]


@pytest.mark.usefixtures("small")
def test_damage_in_the_middle_is_an_error_that_names_the_file(tmp_path):
    journal = Journal(tmp_path)
    for n in range(12):
        journal.append(bytes([n]) * 40)
    journal.close()
    first = min(tmp_path.glob("*.log"))
    data = bytearray(first.read_bytes())
    data[30] ^= 1
    first.write_bytes(data)
    with pytest.raises(UserError, match=f"{first.name}: damaged after record 0"):
        Journal(tmp_path)


@pytest.mark.usefixtures("small")
def test_a_missing_segment_is_an_error(tmp_path):
    journal = Journal(tmp_path)
    for n in range(12):
        journal.append(bytes([n]) * 40)
    journal.close()
    sorted(tmp_path.glob("*.log"))[1].unlink()
    with pytest.raises(UserError, match="damaged: it begins with record"):
        Journal(tmp_path)


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path):
    journal = Journal(tmp_path)
    journal.append(b"before")

    class Full:
        def __init__(self, file):
            self.file, self.writes = file, 0

        def write(self, data):
            self.writes += 1
            if self.writes == 2:
                self.file.write(data[:3])
                self.file.flush()
                raise OSError(28, "No space left on device")
            return self.file.write(data)

        def __getattr__(self, name):
            return getattr(self.file, name)

    journal._file = Full(journal._file)  # type: ignore[assignment]
    with pytest.raises(OSError, match="No space left"):
        journal.append(b"does not fit")
    assert contents(journal) == [(1, b"before")]
    assert journal.append(b"after") == 2
    journal.close()
    assert contents(Journal(tmp_path)) == [(1, b"before"), (2, b"after")]


def test_a_killed_writer_loses_nothing_that_it_has_said(tmp_path):
    """The child prints a number when a record is written; it is killed in its work."""
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from rlsys_distributed.server.journal import Journal

        journal = Journal(Path(sys.argv[1]))
        while True:
            number = journal.next
            print(journal.append(number.to_bytes(8, "little") * 500), flush=True)
        """
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "j"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for _ in range(300):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    said = 300 + len([line for line in child.stdout.read().split("\n")[:-1] if line])
    child.wait()
    kept = contents(Journal(tmp_path / "j"))
    assert len(kept) >= said
    assert all(record == number.to_bytes(8, "little") * 500 for number, record in kept)


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "notes.log").write_text("mine")
    with pytest.raises(UserError, match="not a segment of a journal"):
        Journal(tmp_path)
