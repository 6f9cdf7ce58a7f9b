"""A work unit packed for another machine, and its execution there."""

from __future__ import annotations

import hashlib
import importlib.metadata as metadata
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from rlsys.errors import Interrupted, RlsysError, UserError
from rlsys.executors.training_unit import TrainingUnit
from rlsys.executors.trials import TrialUnit
from rlsys.executors.variables import variables_set
from rlsys_ray.parcels import Folders, Parcel

Work: TypeAlias = TrainingUnit | TrialUnit
Lines: TypeAlias = list[dict[str, Any]]
Deliver: TypeAlias = Callable[[Lines, Parcel], bool]
"""Delivers lines of metrics and files; returns whether the work must stop."""

_SECONDS_BETWEEN_DELIVERIES = 0.1


def units_of(work: Work) -> tuple[TrainingUnit, ...]:
    """Return the trainings of a unit."""
    return work.units if isinstance(work, TrialUnit) else (work,)


@dataclass(frozen=True)
class Job:
    """A work unit with everything that it needs on another machine.

    Attributes:
        attempt: 1, plus one for each time it was lost.
        files: files of it that already exist.
        plugin_files: content of the plugins that are single files, by path.
        versions: versions of everything that determines the result.
        folder: working directory of the command; relative paths in settings start there.
        variables: environment variables of the command that begin with ``RLSYS_``.
    """

    number: int
    attempt: int
    work: Work
    files: Parcel
    plugin_files: Mapping[str, bytes]
    versions: Mapping[str, str]
    folder: str
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        score: score of a finished trial.
        stopped: whether it was told to stop.
        refusal: an error that the user can fix.
        bug: an unexpected exception of an agent.
    """

    score: float | None = None
    stopped: bool = False
    refusal: str | None = None
    bug: Exception | None = None

    @property
    def failure(self) -> Exception | None:
        """The error that ends a command with only this job."""
        return UserError(self.refusal) if self.refusal else self.bug


def pack(number: int, attempt: int, work: Work, files: Parcel) -> Job:
    """Return the job of a work unit of this process."""
    plugins = units_of(work)[0].plugins
    return Job(
        number,
        attempt,
        work,
        files,
        {path: Path(path).read_bytes() for path in plugins.files},
        versions(),
        os.getcwd(),
        {name: value for name, value in os.environ.items() if name.startswith("RLSYS_")},
    )


def versions() -> dict[str, str]:
    """Return the versions that must be the same on every machine that runs a unit."""
    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in ("rlsys", "rlsys-ray", "numpy", "torch", "stable-baselines3"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def do(job: Job, deliver: Deliver) -> Outcome:
    """Do the work in a folder on this machine and deliver the results.

    A checkpoint is delivered at the boundary after it, before the training may stop there. So the
    run directory always has a state from which the training can resume.
    """
    with (
        tempfile.TemporaryDirectory(prefix="rlsys-") as scratch,
        _working_folder(job.folder),
        variables_set(job.variables),  # this process may run other commands' tasks, too
    ):
        places = {
            unit.directory: Path(scratch) / str(index)
            for index, unit in enumerate(units_of(job.work))
        }
        units = tuple(
            replace(
                unit,
                directory=places[unit.directory],
                start=unit.start and places.get(unit.start, unit.start),
                plugins=replace(unit.plugins, files=_plugin_files(job, unit.plugins.files)),
                resume=True,
            )
            for unit in units_of(job.work)
        )
        courier = _Courier(Folders([unit.directory for unit in units]), deliver)
        courier.folders.unpack(job.files)
        try:
            _require_same_versions(job.versions)
            score = None
            if isinstance(job.work, TrialUnit):
                score = replace(job.work, units=units).run(courier.emit, courier.stop_requested)
            else:
                units[0].run(courier.emit, courier.stop_requested)
            return Outcome(score=score)
        except Interrupted:
            return Outcome(stopped=True)
        except RlsysError as error:
            return Outcome(refusal=str(error))
        finally:
            courier.go()


class _Courier:
    """Deliver lines and files, all in the training thread, so that nothing is half-written."""

    def __init__(self, folders: Folders, deliver: Deliver) -> None:
        self.folders = folders
        self._deliver = deliver
        self._lines: Lines = []
        self._stop = False
        self._last = 0.0

    def emit(self, line: Mapping[str, Any]) -> None:
        self._lines.append(dict(line))

    def stop_requested(self) -> bool:
        """Deliver at each boundary, when the checkpoint of the previous one is complete."""
        parcel = self.folders.pack()
        if parcel or time.monotonic() - self._last >= _SECONDS_BETWEEN_DELIVERIES:
            self._send(parcel)
        return self._stop

    def go(self) -> None:
        """Deliver the rest."""
        self._send(self.folders.pack())

    def _send(self, parcel: Parcel) -> None:
        lines, self._lines = self._lines, []
        self._stop = self._deliver(lines, parcel)
        self._last = time.monotonic()


def _require_same_versions(wanted: Mapping[str, str]) -> None:
    """Check that this machine has the versions that the run started with.

    Raises:
        UserError: a version differs; names this machine and the first difference.
    """
    here = versions()
    for name in wanted:
        if here.get(name) != wanted[name]:
            raise UserError(
                f"Ray node {platform.node()} has {name} {here.get(name, '(none)')}, and the run "
                f"was started with {wanted[name]}: install the same version there"
            )


@contextmanager
def _working_folder(path: str) -> Iterator[None]:
    """Work in `path` if it exists on this machine."""
    before = os.getcwd()
    if os.path.isdir(path):
        os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


_plugin_folders: dict[str, tempfile.TemporaryDirectory[str]] = {}
"""Plugin files that this process has written, by name and content; removed at its end."""


def _plugin_files(job: Job, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return where the plugin files are on this machine; write the missing ones.

    A file with the same content gets the same place again, so a process that runs many jobs
    imports it once.
    """
    places = []
    for path in paths:
        content = job.plugin_files[path]
        place = Path(path)
        if not (place.is_file() and place.read_bytes() == content):
            name = f"{place.name}-{hashlib.sha256(content).hexdigest()}"
            if name not in _plugin_folders:
                _plugin_folders[name] = tempfile.TemporaryDirectory(prefix="rlsys-plugin-")
            place = Path(_plugin_folders[name].name) / place.name
            place.write_bytes(content)
        places.append(str(place))
    return tuple(places)
