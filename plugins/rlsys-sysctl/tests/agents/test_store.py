"""The trials of a search on disk: resumed, also where another version or a kill left them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import optuna
import pytest
from fake_stage import config

from rlsys.errors import UserError
from rlsys_sysctl.agents.cube import distributions
from rlsys_sysctl.agents.samplers import uniform
from rlsys_sysctl.agents.store import Store, identity_of

CONFIG = config()
SPACE = CONFIG.workload.space
IDENTITY = identity_of(CONFIG)


def reopened(path: Path) -> Store:
    return Store(path, SPACE, IDENTITY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file as every version so far has left it after a kill: these names are its format."""
    path = tmp_path / "study.db"
    study = optuna.create_study(
        storage=f"sqlite:///{path}", study_name="rlsys", direction="maximize"
    )
    study.set_user_attr("search", IDENTITY)
    finished = study.ask(distributions(SPACE))
    finished.set_user_attr("record", {"fidelity": "full", "values": {}})
    study.tell(finished, 1.25)
    study.ask(distributions(SPACE))
    return path


def test_a_search_that_an_earlier_version_began_goes_on(path: Path) -> None:
    store = reopened(path)
    (trial,) = store.finished()
    assert trial.value == 1.25
    assert trial.user_attrs["record"]["fidelity"] == "full"
    states = [trial.state.name for trial in store.study.trials]
    assert states == ["COMPLETE", "FAIL"]  # what was drawn is drawn again
    assert store.waiting == 0
    store.close()


def test_what_was_enqueued_and_cut_off_is_tried_again(tmp_path: Path) -> None:
    point = np.full(SPACE.dimension, 0.25, np.float32)
    store = reopened(tmp_path / "study.db")
    store.enqueue(point, design=True)
    store.ask(uniform(0, 0))
    store.close()
    store = reopened(tmp_path / "study.db")
    assert store.waiting == 1
    trial, again = store.ask(uniform(0, 0))
    assert SPACE.to_values(again) == SPACE.to_values(point)
    assert trial.user_attrs == {"design": True}
    store.close()


def test_the_study_of_another_search_is_refused(path: Path) -> None:
    with pytest.raises(UserError, match=r"study\.db: is the study of another search"):
        Store(path, SPACE, identity_of(config(repeats=2)))


def test_the_trials_of_a_dry_run_are_nowhere(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(None, SPACE, IDENTITY)
    trial, _ = store.ask(uniform(0, 0))
    store.tell(trial, 1.0, {"fidelity": "full"})
    assert len(store.finished()) == 1
    store.close()
    assert list(tmp_path.iterdir()) == []
