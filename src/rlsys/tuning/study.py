"""A search's trials, kept by Optuna in one SQLite file: open it, resume it, report its errors.

`rlsys tune` keeps its trials this way, and so do plugins whose agents search.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rlsys.descriptors import Requirement
from rlsys.errors import UserError

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

OPTUNA = Requirement(name="optuna", fix="pip install 'rlsys[tune]'")

STUDY_FILE = "study.db"

# Both names are in files of earlier versions: with others, a resumed search would start over.
_NAME = "rlsys"
_IDENTITY = "search"


def open_storage(path: Path | None, *, wait_for_disk: bool = True) -> BaseStorage:
    """Open the SQLite file at `path`, which is made if it is missing.

    Args:
        path: None: in memory, for a search that leaves nothing behind.
        wait_for_disk: whether each commit, of which a trial has a dozen, waits for the disk.  If
            not, a kill still loses nothing; after a power cut the file is whole, but the last
            trials may be missing (sqlite.org/pragma.html, synchronous NORMAL in WAL mode).  WAL
            mode does not work on network file systems, and reading such a file takes a folder that
            can be written.  So use it only where the waiting itself disturbs, as between short
            measurements.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if path is None:
        return optuna.storages.InMemoryStorage()
    storage = optuna.storages.RDBStorage(f"sqlite:///{path.resolve()}")
    if not wait_for_disk:
        from sqlalchemy import event

        event.listen(storage.engine, "connect", _without_waiting)
        storage.engine.dispose()  # the connection that was made before
    return storage


def _without_waiting(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def close_storage(storage: BaseStorage) -> None:
    """Close a storage of `open_storage`; a file is then whole, with nothing beside it."""
    import optuna

    if isinstance(storage, optuna.storages.RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


def open_study(
    storage: BaseStorage,
    identity: Mapping[str, Any],
    refusal: Callable[[Mapping[str, Any]], str],
    *,
    pruner: BasePruner | None = None,
) -> Study:
    """Start the study, or continue with it if it is for the same search.

    Args:
        storage: of `open_storage`.
        identity: what the search is for, JSON values.
        refusal: called with the identity of a study for another search; returns the error message.
        pruner: decides which trials end early; None: Optuna's default.

    Raises:
        UserError: the study is for another search.
    """
    import optuna

    study = optuna.create_study(
        storage=storage,
        study_name=_NAME,
        direction="maximize",
        pruner=pruner,
        load_if_exists=True,
    )
    begun = study.user_attrs.get(_IDENTITY)
    if begun is None:
        study.set_user_attr(_IDENTITY, dict(identity))
    elif begun != dict(identity):
        raise UserError(refusal(begun))
    return study


def fail_running(study: Study) -> list[FrozenTrial]:
    """Mark the trials that a kill left running as failed, and return them."""
    from optuna.trial import TrialState

    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for trial in running:
        study.tell(trial.number, state=TrialState.FAIL)
    return running


def is_interrupted(trial: FrozenTrial) -> bool:
    """Return whether a trial was stopped from outside; such a trial is tried again, uncounted."""
    return trial.state.name == "FAIL" and "reason" not in trial.user_attrs


def finished_trials(path: Path) -> list[FrozenTrial]:
    """Return the complete trials in the file at `path`, of all studies in it."""
    import optuna

    storage = open_storage(path)
    complete = (optuna.trial.TrialState.COMPLETE,)
    try:
        names = [study.study_name for study in optuna.get_all_study_summaries(storage)]
        studies = [optuna.load_study(study_name=name, storage=storage) for name in names]
        return [t for study in studies for t in study.get_trials(deepcopy=False, states=complete)]
    finally:
        close_storage(storage)


def seeded(kind: Callable[..., BaseSampler], seed: int, index: int, **options: Any) -> BaseSampler:
    """Return a sampler whose draws depend only on `seed` and `index`, so that a search can resume.

    Args:
        kind: its class.
        index: how many trials came before.
        options: of the class.
    """
    import optuna

    drawn = int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return kind(seed=drawn, **options)


@contextmanager
def readable_errors(path: Path) -> Iterator[None]:
    """Turn what the database at `path` raises into one line for the user."""
    try:
        yield
    except _database_errors() as error:
        cause = str(error.__cause__ or error).splitlines()[0]
        raise UserError(
            f"{path}: cannot be read or written: {cause}; where the disk is full, free space and "
            "continue with --resume"
        ) from error


def _database_errors() -> tuple[type[Exception], ...]:
    # Called only when something was raised, so a search in memory never imports SQLAlchemy.
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    return StorageInternalError, SQLAlchemyError
