"""The trials of a search: what resumes it, warms up later ones and is analysed.

Only complete trials count.  All that belongs to one (values, runs, score, the line of metrics, the
state of meter and race after it) is written before it is marked complete.  One that was interrupted
is marked failed, and the next takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, Trial, TrialState

from rlsys.errors import ConfigError, UserError
from rlsys.tuning import (
    STUDY_FILE,
    close_storage,
    fail_running,
    finished_trials,
    open_storage,
    open_study,
    readable_errors,
)
from rlsys_sysctl.agents.cube import distributions, params_of, point_of
from rlsys_sysctl.config import SysctlConfig
from rlsys_sysctl.workload.space import ActionSpace

RECORD = "record"
"""The attribute that holds all of a trial's data: one, because each is a write to the disk."""


class Store:
    """The study of one search.

    Args:
        path: of the SQLite file, which is made where it is missing; None: in memory.
        space: the parameters.
        identity: what the search is for, JSON values; the same whenever the search resumes.

    Raises:
        UserError: a study of another search, or a file that cannot be read or written.
    """

    def __init__(self, path: Path | None, space: ActionSpace, identity: Mapping[str, Any]) -> None:
        self.space = space
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        # A trial takes seconds, and waiting for the disk would disturb the benchmark after it.
        self._storage = open_storage(path, wait_for_disk=False)
        self.study = open_study(
            self._storage,
            identity,
            lambda _: (
                f"{path}: is the study of another search; continue with its own settings, or start "
                "another run with another --out"
            ),
        )
        for trial in fail_running(self.study):
            fixed = trial.system_attrs.get("fixed_params")
            if fixed:  # it was enqueued: no sampler would propose it again
                self.study.enqueue_trial(fixed, user_attrs=trial.user_attrs)

    def ask(self, sampler: BaseSampler) -> tuple[Trial, NDArray[np.float32]]:
        """Return the next trial and its point (d,); enqueued ones come first."""
        self.study.sampler = sampler
        trial = self.study.ask(distributions(self.space))
        return trial, point_of(self.space, trial.params)

    def enqueue(self, point: NDArray[Any], **notes: Any) -> None:
        """Have `ask` return this point before any that a sampler proposes."""
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
        close_storage(self._storage)


def identity_of(config: SysctlConfig) -> dict[str, Any]:
    """Return what makes trials of two searches comparable: the workload and the length of runs."""
    document = config.model_dump(mode="json")
    return {key: document[key] for key in ("workload", "seconds", "repeats")}


def earlier_configurations(
    source: str, space: ActionSpace, count: int
) -> list[NDArray[np.float32]]:
    """Return the points of the best configurations of an earlier search, best first.

    Configurations that this search could not find itself are left out.

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
            trials = finished_trials(file)
        for trial in trials:
            record = trial.user_attrs.get(RECORD, {})
            if record.get("fidelity") != "full":
                continue
            point = _fitting(space, record["values"])
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


def _fitting(space: ActionSpace, values: Any) -> NDArray[np.float32] | None:
    if not isinstance(values, Mapping):
        return None
    try:
        return space.to_point(values).astype(np.float32)
    except ConfigError:
        return None
