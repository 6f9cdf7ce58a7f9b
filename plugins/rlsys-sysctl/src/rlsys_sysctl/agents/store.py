"""The trials of a search, in SQLite through Optuna: what resumes, warms up others and is analysed.

A trial is complete in the file or not there at all for us: all that belongs to it (values, runs,
score, the line of metrics, and the state in which it left the meter and the race) is written before
it is marked complete.  One that was interrupted is marked failed, and its place is taken by the
next.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from rlsys.errors import ConfigError, UserError
from rlsys_sysctl.config import SysctlConfig
from rlsys_sysctl.workload.parameters import ActionSpace

STUDY_FILE = "study.db"
RECORD = "record"
"""The attribute of a trial with all that was measured: one, because each is a write to the disk."""
_NAME = "rlsys"
_IDENTITY = "search"


class Store:
    """The study of one search.

    Args:
        path: of the SQLite file; it is made where it is missing.
        space: the parameters.
        identity: what the search is for, JSON values; it must be the same when it goes on.

    Raises:
        UserError: a study of another search, or a file that cannot be read or written.
    """

    def __init__(self, path: Path, space: ActionSpace, identity: Mapping[str, Any]) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.path = path
        self.space = space
        path.parent.mkdir(parents=True, exist_ok=True)
        self._storage = optuna.storages.RDBStorage(_url(path))
        event.listen(self._storage.engine, "connect", _without_waiting)
        self._storage.engine.dispose()  # the connection that was made before
        self.study = optuna.create_study(
            storage=self._storage, study_name=_NAME, direction="maximize", load_if_exists=True
        )
        begun = self.study.user_attrs.get(_IDENTITY)
        if begun is None:
            self.study.set_user_attr(_IDENTITY, dict(identity))
        elif begun != dict(identity):
            raise UserError(
                f"{path}: is the study of another search; go on with its own settings, or begin "
                "another run with another --out"
            )
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._forget(trial)

    def ask(self, sampler: optuna.samplers.BaseSampler) -> tuple[Trial, NDArray[np.float32]]:
        """Return the next trial, what was enqueued first, and its point (d,)."""
        self.study.sampler = sampler
        trial = self.study.ask(distributions(self.space))
        return trial, point_of(self.space, trial.params)

    def enqueue(self, point: NDArray[Any], **notes: Any) -> None:
        """Have `ask` return this point, before any that a sampler proposes."""
        self.study.enqueue_trial(params_of(self.space, point), user_attrs=notes)

    @property
    def waiting(self) -> int:
        """How many enqueued points are left."""
        return len(self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))

    def tell(self, trial: Trial, reward: float, record: Mapping[str, Any]) -> None:
        """Keep what was measured, JSON values, and then the reward."""
        trial.set_user_attr(RECORD, dict(record))
        self.study.tell(trial, reward)

    def finished(self) -> list[FrozenTrial]:
        """Return the complete trials, in order."""
        return self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    def close(self) -> None:
        """Leave one whole file behind."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def _forget(self, trial: FrozenTrial) -> None:
        self.study.tell(trial.number, state=TrialState.FAIL)
        fixed = trial.system_attrs.get("fixed_params")
        if fixed:  # it was enqueued: no sampler would propose it again
            self.study.enqueue_trial(fixed, user_attrs=trial.user_attrs)


def _without_waiting(connection: Any, _: object) -> None:
    """Do not wait for the disk at every commit, of which a trial has a dozen.

    After a kill nothing is lost.  After a power cut the file is whole, and may lack the last trials
    (sqlite.org/pragma.html, synchronous NORMAL in WAL mode).
    """
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


@contextmanager
def readable_errors(path: Path) -> Iterator[None]:
    """Turn what the database says into one line for the user."""
    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        cause = str(error.__cause__ or error).splitlines()[0]
        raise UserError(
            f"{path}: cannot be read or written: {cause}; where the disk is full, free space and "
            "go on with --resume"
        ) from error


def distributions(space: ActionSpace) -> dict[str, BaseDistribution]:
    """Return what a sampler draws from, by coordinate: categories, and positions in [0, 1]."""
    drawn: dict[str, BaseDistribution] = {}
    labels = iter(space.labels)
    for parameter in space.parameters.values():
        if not parameter.scalars:
            drawn[next(labels)] = CategoricalDistribution(parameter.values)
        for scalar in parameter.scalars:
            fixed = scalar.scale.low == scalar.scale.high and not scalar.special
            # A single value is no dimension of the search, and has no importance.
            drawn[next(labels)] = FloatDistribution(0.5, 0.5) if fixed else FloatDistribution(0, 1)
    return drawn


def point_of(space: ActionSpace, params: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return the point (d,) of what a sampler drew."""
    coordinates = []
    for label in space.labels:
        drawn = params[label]
        if isinstance(drawn, str):
            values = space.parameters[label].values
            drawn = (values.index(drawn) + 0.5) / len(values)
        coordinates.append(drawn)
    return np.array(coordinates, dtype=np.float32)


def params_of(space: ActionSpace, point: NDArray[Any]) -> dict[str, Any]:
    """Return a point (d,) as what a sampler would have drawn."""
    params: dict[str, Any] = {}
    for label, coordinate in zip(space.labels, point.tolist(), strict=True):
        parameter = space.parameters.get(label)
        if parameter is not None and parameter.type == "categorical":
            values = parameter.values
            params[label] = values[min(int(coordinate * len(values)), len(values) - 1)]
        else:
            params[label] = coordinate
    single = {name: one for name, one in distributions(space).items() if one.single()}
    return params | {name: one.low for name, one in single.items() if hasattr(one, "low")}


def identity_of(config: SysctlConfig) -> dict[str, Any]:
    """Return what makes trials of two searches comparable: the workload and the length of runs."""
    document = config.model_dump(mode="json")
    return {key: document[key] for key in ("workload", "seconds", "repeats")}


def earlier_configurations(
    source: str, space: ActionSpace, count: int
) -> list[NDArray[np.float32]]:
    """Return the points of the best configurations of an earlier search, best first.

    Only those that this search could find too: others are left out.

    Args:
        source: a run directory, or a ``study.db``.

    Raises:
        UserError: there is no study, or none of its configurations fits.
    """
    path = Path(source)
    files = [path] if path.is_file() else sorted(path.glob(f"**/{STUDY_FILE}"))
    if not files:
        raise UserError(f"warm_start: {source} is neither a study.db nor a run that has one")
    best: dict[tuple[float, ...], float] = {}
    for file in files:
        with readable_errors(file):
            for trial in _trials(file):
                point = _fitting(space, trial.user_attrs[RECORD]["values"])
                if point is not None and trial.value is not None:
                    key = tuple(point.tolist())
                    best[key] = max(best.get(key, -np.inf), trial.value)
    if not best:
        raise UserError(
            f"warm_start: {source} holds no configuration of {', '.join(space.names)} within the "
            "ranges of this workload; leave it out"
        )
    ordered = sorted(best, key=lambda key: -best[key])[:count]
    return [np.array(key, dtype=np.float32) for key in ordered]


def _trials(file: Path) -> Sequence[FrozenTrial]:
    storage = optuna.storages.RDBStorage(_url(file))
    names = [study.study_name for study in optuna.get_all_study_summaries(storage)]
    return [
        trial
        for name in names
        for trial in optuna.load_study(study_name=name, storage=storage).get_trials(
            deepcopy=False, states=(TrialState.COMPLETE,)
        )
        if trial.user_attrs.get(RECORD, {}).get("fidelity") == "full"
    ]


def _fitting(space: ActionSpace, values: Any) -> NDArray[np.float32] | None:
    if not isinstance(values, Mapping):
        return None
    try:
        return space.to_point(values).astype(np.float32)
    except ConfigError:
        return None


def tpe(seed: int, index: int, n_startup: int) -> optuna.samplers.BaseSampler:
    """Return a sampler whose draws depend on `seed` and `index` alone, so that it can resume."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            seed=_drawn(seed, index), n_startup_trials=n_startup, multivariate=True
        )


def gaussian_process(seed: int, index: int, n_startup: int) -> optuna.samplers.BaseSampler:
    """Return a sampler as `tpe` does, with a Gaussian process.

    Raises:
        UserError: torch or SciPy is missing.
    """
    missing = [name for name in ("scipy", "torch") if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"sampler 'gp': {' and '.join(missing)} missing: pip install 'rlsys-sysctl[gp]', or "
            "use 'tpe'"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.GPSampler(seed=_drawn(seed, index), n_startup_trials=n_startup)


def uniform(seed: int, index: int) -> optuna.samplers.BaseSampler:
    """Return a sampler of points drawn uniformly."""
    return optuna.samplers.RandomSampler(seed=_drawn(seed, index))


def _drawn(seed: int, index: int) -> int:
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


def _url(path: Path) -> str:
    return f"sqlite:///{path.resolve()}"
