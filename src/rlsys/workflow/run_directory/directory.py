"""The run directory: everything that a run produces, in one folder that can be loaded again.

Layout::

    manifest.json     status, command line, versions, hashes of the files
    config.yaml       the resolved configuration
    metrics.jsonl     one line per progress report of a training
    policies/CASE/seed-N/network.npz      the trained network, with its checkpoints next to it
    earlier/STEPS/    what the run was before it was continued with more steps, a run of its own
    evaluation/episodes.csv               every evaluated episode
    figures/  exports/  tensorboard/  report.md  result.json
    error.log         traceback of the last start, if it failed

Every file is written under another name and then renamed, so a kill leaves the old or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

import yaml

from rlsys.config.document import Document, load_yaml
from rlsys.errors import Interrupted, UserError
from rlsys.storage.atomic import write_atomically
from rlsys.storage.folders import files_below
from rlsys.storage.hashing import file_hash
from rlsys.workflow.run_directory.metrics_file import json_line, json_lines
from rlsys.workflow.run_directory.versions import versions_of

Status = Literal["running", "complete", "failed", "interrupted"]

ERROR_LOG = "error.log"
MANIFEST_SCHEMA = "rlsys.manifest/1"

_PROBE_BYTES = 16 << 20

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


class RunDirectory:
    """A run on disk; make it with `create` or `open`."""

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def create(
        cls,
        path: Path,
        config: Mapping[str, Any],
        distributions: tuple[str, ...],
        command: Sequence[str] | None = None,
    ) -> RunDirectory:
        """Make a new run directory.

        Args:
            path: must be empty or not exist.
            config: the resolved configuration, as JSON types.
            distributions: distributions of plugins, whose versions are recorded too.
            command: the command line that makes it; None: that of this process.

        Raises:
            UserError: it exists and is not empty, cannot be written, or the disk is full.
        """
        try:
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                raise UserError(
                    f"{path}: already exists; choose another --out, or continue it with --resume"
                )
            path.mkdir(parents=True, exist_ok=True)
            _probe(path)
            write_atomically(path / "config.yaml", yaml.safe_dump(dict(config), sort_keys=False))
            run = cls(
                path,
                {
                    "schema": MANIFEST_SCHEMA,
                    "status": "running",
                    "plugin": config["plugin"],
                    "preset": config["preset"],
                    "command": _words(command),
                    "created": _now(),
                    "versions": versions_of(distributions),
                },
            )
            run.save_manifest()
        except OSError as error:
            raise UserError(_unwritable(path, error)) from error
        return run

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Open an existing run directory.

        Raises:
            UserError: it is not a run directory.
        """
        try:
            manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise UserError(f"{path}: not a run directory (it has no manifest.json)") from error
        except (OSError, ValueError) as error:
            raise UserError(f"{path}/manifest.json: cannot be read: {error}") from error
        if not isinstance(manifest, dict) or manifest.get("schema") != MANIFEST_SCHEMA:
            raise UserError(f"{path}/manifest.json: schema is not {MANIFEST_SCHEMA!r}")
        return cls(path, manifest)

    @property
    def status(self) -> Status:
        """The state of the run."""
        status: Status = self.manifest["status"]
        return status

    @property
    def commands(self) -> list[str]:
        """The words of the command that made the run, then of those that continued it."""
        continued: list[list[str]] = self.manifest.get("continued", [])
        return [*self.manifest["command"], *(word for c in continued for word in ("&&", *c))]

    def note_command(self, command: Sequence[str] | None) -> None:
        """Note that this command continues the run; saved with the next status."""
        continued = self.manifest.setdefault("continued", [])
        if _words(command) not in continued:
            continued.append(_words(command))

    def config(self) -> Document:
        """Return the resolved configuration."""
        return load_yaml(self.path / "config.yaml")

    def policy_directory(self, case: str, seed: int) -> Path:
        """Return the folder of the policy trained on `case` with `seed`."""
        return self.path / "policies" / case / f"seed-{seed}"

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Lock the run for writing, and set the right status however the block ends.

        Raises:
            UserError: another process has locked it, or it cannot be written.
        """
        with self._locked():
            self._set_status("running")
            try:
                yield
            except (Interrupted, KeyboardInterrupt):
                self._set_status("interrupted")
                raise
            except BaseException as error:
                with contextlib.suppress(UserError, OSError):  # the first error is to be reported
                    self._set_status("failed")
                    write_atomically(self.path / ERROR_LOG, traceback.format_exc())
                if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                    raise UserError(_unwritable(self.path, error)) from error
                raise
            (self.path / ERROR_LOG).unlink(missing_ok=True)  # of a start that failed
            self.manifest["finished"] = _now()
            self.manifest["files"] = self._hashes()
            self._set_status("complete")

    @contextlib.contextmanager
    def adding(self) -> Iterator[None]:
        """Lock the run to add files to it: its status is kept, its hashes are updated.

        Raises:
            UserError: another process has locked it.
        """
        with self._locked():
            try:
                yield
            finally:
                self.seal()

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """Add one line to ``metrics.jsonl``."""
        try:
            with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
                file.write(json_line(line))
        except OSError as error:
            raise UserError(_unwritable(self.path, error)) from error

    def metrics(self) -> list[dict[str, Any]]:
        """Return all complete lines of ``metrics.jsonl`` (a kill may cut off the last one)."""
        return list(json_lines(self.path / "metrics.jsonl"))

    def keep_metrics(self, wanted: Callable[[Mapping[str, Any]], bool]) -> None:
        """Keep only the wanted lines; a resumed training will write the others again."""
        lines = [json_line(line) for line in self.metrics() if wanted(line)]
        write_atomically(self.path / "metrics.jsonl", "".join(lines))

    def seal(self) -> None:
        """Write the manifest with the hashes of all files."""
        self.manifest["files"] = self._hashes()
        self.save_manifest()

    def save_manifest(self) -> None:
        """Write the manifest, atomically."""
        write_atomically(self.path / "manifest.json", json.dumps(self.manifest, indent=2) + "\n")

    def _set_status(self, status: Status) -> None:
        self.manifest["status"] = status
        try:
            self.save_manifest()
        except OSError as error:
            raise UserError(_unwritable(self.path, error)) from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[IO[str]]:
        try:
            file = (self.path / ".lock").open("w", encoding="utf-8")
        except OSError as error:
            raise UserError(_unwritable(self.path, error)) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UserError(
                    f"{self.path}: another process is writing to this run; wait for it or stop it"
                ) from error
            yield file

    def _hashes(self) -> dict[str, str]:
        return {
            str(file.relative_to(self.path)): file_hash(file)
            for file in files_below(self.path)
            if file.is_file() and file.name not in ("manifest.json", ".lock")
        }


def _probe(path: Path) -> None:
    """Find out before a long training, not after it, whether the disk is full."""
    probe = path / ".probe"
    try:
        with probe.open("wb") as file:
            file.write(b"\0" * _PROBE_BYTES)
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"{path}: cannot be written: {error.strerror}; free at least {_PROBE_BYTES >> 20} MiB "
        "or choose another place with --out"
    )


def _words(command: Sequence[str] | None) -> list[str]:
    return [Path(sys.argv[0]).name, *sys.argv[1:]] if command is None else list(command)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
