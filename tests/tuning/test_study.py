"""The file of a search: what earlier versions began goes on, and what is torn is said in a line."""

from __future__ import annotations

import sqlite3

import optuna
import pytest
from optuna.samplers import RandomSampler

from rlsys.errors import UserError
from rlsys.tuning import (
    close_storage,
    fail_running,
    finished_trials,
    open_storage,
    open_study,
    readable_errors,
    seeded,
)

IDENTITY = {"agent.key": "1..2"}


def refused(begun):
    return f"begun for {begun}"


@pytest.fixture
def path(tmp_path):
    """A file as every version so far has begun it: these names are its format."""
    path = tmp_path / "study.db"
    study = optuna.create_study(
        storage=f"sqlite:///{path}", study_name="rlsys", direction="maximize"
    )
    study.set_user_attr("search", IDENTITY)
    study.tell(study.ask({"agent.key": optuna.distributions.FloatDistribution(1, 2)}), 3.0)
    study.ask({"agent.key": optuna.distributions.FloatDistribution(1, 2)})
    return path


def test_a_study_that_an_earlier_version_began_goes_on(path):
    storage = open_storage(path)
    study = open_study(storage, IDENTITY, refused)
    assert [trial.number for trial in fail_running(study)] == [1]
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL"]
    assert fail_running(study) == []
    close_storage(storage)
    assert [trial.value for trial in finished_trials(path)] == [3.0]


def test_a_study_of_another_search_is_refused(path):
    with pytest.raises(UserError, match=r"begun for \{'agent.key': '1..2'\}"):
        open_study(open_storage(path), {"agent.key": "1..3"}, refused)


def test_a_new_study_has_the_names_that_later_versions_look_for(tmp_path):
    storage = open_storage(tmp_path / "study.db")
    open_study(storage, IDENTITY, refused)
    close_storage(storage)
    study = optuna.load_study(study_name="rlsys", storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert study.user_attrs == {"search": IDENTITY}
    assert study.direction.name == "MAXIMIZE"


@pytest.mark.parametrize(("waits", "mode"), [(True, "delete"), (False, "wal")])
def test_what_does_not_wait_for_the_disk_still_leaves_one_file(tmp_path, waits, mode):
    path = tmp_path / "study.db"
    storage = open_storage(path, wait_for_disk=waits)
    open_study(storage, IDENTITY, refused)
    close_storage(storage)
    assert [file.name for file in tmp_path.iterdir()] == ["study.db"]
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == (mode,)


def test_a_search_in_memory_has_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    storage = open_storage(None)
    study = open_study(storage, IDENTITY, refused)
    study.tell(study.ask(), 1.0)
    close_storage(storage)
    assert list(tmp_path.iterdir()) == []


def test_a_torn_file_is_said_in_a_line(tmp_path):
    path = tmp_path / "study.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(UserError) as caught, readable_errors(path):
        open_storage(path)
    assert str(caught.value).startswith(f"{path}: cannot be read or written: file is not a datab")
    assert "\n" not in str(caught.value)


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(KeyError), readable_errors(tmp_path / "study.db"):
        raise KeyError("mine")


def test_draws_depend_on_seed_and_index_alone():
    def drawn(seed, index):
        study = optuna.create_study(sampler=seeded(RandomSampler, seed, index))
        return study.ask().suggest_float("x", 0, 1)

    assert drawn(0, 3) == drawn(0, 3)
    assert len({drawn(0, 3), drawn(0, 4), drawn(1, 3)}) == 3
