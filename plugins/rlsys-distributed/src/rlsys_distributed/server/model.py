"""One model of the front: spaces, journal, versions, programs and counts."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rlsys.errors import UserError
from rlsys.storage.atomic import write_atomically
from rlsys_distributed.server.checking import TrajectoryChecker
from rlsys_distributed.server.clients import Acknowledged, Client
from rlsys_distributed.server.journal import Journal
from rlsys_distributed.server.releases import Releases
from rlsys_distributed.server.settings import ServerConfig
from rlsys_distributed.v1 import learner_pb2 as lb
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.model import Version
from rlsys_distributed.wire.spaces import Box, Space, as_json, of_json

_LOG = logging.getLogger("rlsys.distributed")
STATE_FILE, JOURNAL = "model.json", "journal"


@dataclass(frozen=True)
class ModelSpec:
    """What a model is for, which does not change while it exists.

    Attributes:
        observation, action: spaces.
        algorithm: ``ppo`` or ``dqn``.
        settings: all of the algorithm's settings, as JSON types.
    """

    name: str
    observation: Box
    action: Space
    masked: bool
    items: bool
    algorithm: Literal["ppo", "dqn"]
    settings: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return what is kept on disk."""
        return {
            "name": self.name,
            "observation": as_json(self.observation),
            "action": as_json(self.action),
            "masked": self.masked,
            "items": self.items,
            "algorithm": self.algorithm,
            "settings": self.settings,
        }

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> ModelSpec:
        """Return what `as_json` has written."""
        observation = of_json(kept["observation"], "observation")
        assert isinstance(observation, Box)
        return cls(
            **{**kept, "observation": observation, "action": of_json(kept["action"], "action")}
        )

    def difference(self, other: ModelSpec) -> str | None:
        """Return in what another one differs, or None."""
        mine, theirs = self.as_json(), other.as_json()
        for key, value in mine.items():
            if key == "settings":
                for name in sorted({*value, *theirs[key]}):
                    if value.get(name) != theirs[key].get(name):
                        return f"{name} is {value.get(name)!r}, not {theirs[key].get(name)!r}"
            elif value != theirs[key]:
                return f"{key} is {value!r}, not {theirs[key]!r}"
        return None


@dataclass
class Counts:
    """Steps of a model so far, by what became of them, over all starts of the server."""

    received: int = 0
    bad: int = 0
    dropped: int = 0
    learned: int = 0
    stale: int = 0
    episodes: int = 0


@dataclass
class Waiting:
    """Records that the learner has not taken: their number and steps, in order."""

    records: dict[int, int] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Steps of all of them."""
        return sum(self.records.values())

    def taken(self, below: int) -> None:
        """Forget the records below a number."""
        for number in [n for n in self.records if n < below]:
            del self.records[number]


class Model:
    """A model; everything here runs in the front's event loop.

    Args:
        spec: what it is for.
        folder: of its journal and state, made if it is missing.
        config: of the server.

    Attributes:
        most_waiting: steps that may wait for the learner before the senders do.
        problem: why the learner does not run, or "".
        disk_problem: why something cannot be written, or "".

    Raises:
        UserError: the folder cannot be read or written.
    """

    def __init__(self, spec: ModelSpec, folder: Path, config: ServerConfig) -> None:
        self.spec = spec
        self.folder = folder
        self.counts = Counts()
        self.acknowledged = Acknowledged()
        self.clients: dict[str, Client] = {}
        self.version: Version | None = None
        self.last_version = 0
        self.incarnation = os.urandom(16)
        self.state, self.problem, self.disk_problem = "starting", "", ""
        self.waiting = Waiting()
        self.mean_return = float("nan")
        self.changed = asyncio.Condition()
        self.wants_checkpoint = False
        folder.mkdir(parents=True, exist_ok=True)
        self._restore()
        self.journal = Journal(folder / JOURNAL, sync=config.sync)
        self._read_journal()
        self.checker = TrajectoryChecker(
            spec.observation,
            spec.action,
            masked=spec.masked,
            log_probabilities=spec.algorithm == "ppo",
            most_steps=config.limits.trajectory_steps,
        )
        self._releases: dict[int, Releases] = {}
        self.most_waiting = config.backlog.steps
        if spec.algorithm == "ppo":
            # That keeps the learner busy: the next update's steps come in during this one. With
            # more of them, every step would only be older when its turn comes.
            self.most_waiting = min(self.most_waiting, spec.settings["n_steps"])

    def releases(self, encoding: int) -> Releases:
        """Return the updates in an encoding; the first program that wants it makes them."""
        found = self._releases.get(encoding)
        if found is None:
            found = self._releases[encoding] = Releases(self.incarnation, encoding)
            if self.version is not None:
                found.add(self.version)
        return found

    async def until_written(self, write: Callable[[], None]) -> None:
        """Call `write`, again every second while the disk refuses it; who asked for it waits."""
        while True:
            try:
                write()
            except OSError as error:
                text = f"{self.folder}: cannot be written: {error.strerror}; free space"
                if text != self.disk_problem:
                    _LOG.error("model %s: %s", self.spec.name, text)
                self.disk_problem = text
                await asyncio.sleep(1.0)
            else:
                self.disk_problem = ""
                return

    def publish(self, version: Version) -> None:
        """Take a new version from the learner.

        Raises:
            OSError: its number cannot be written to disk.
        """
        self.last_version = max(self.last_version, version.number)
        self.save()
        self.version = version
        for releases in self._releases.values():
            releases.add(version)

    def write(self, client: Client, trajectory: pb.Trajectory, steps: int) -> None:
        """Put a trajectory into the journal.

        Raises:
            OSError: it cannot be written.
        """
        record = lb.JournalRecord(
            number=self.journal.next,
            client_id=client.client_id,
            instance=client.instance,
            trajectory=trajectory,
        )
        number = self.journal.append(record.SerializeToString())
        self.waiting.records[number] = steps
        self.counts.received += steps
        client.steps += steps

    def saved(self, below: int) -> None:
        """Forget the records that are in a checkpoint of the learner.

        Raises:
            OSError: the state cannot be written.
        """
        if below > self.journal.first:
            self.save()  # before: it has the instances whose records go
            self.journal.forget(below)

    def save(self) -> None:
        """Write the state, atomically."""
        kept = {
            "spec": self.spec.as_json(),
            "incarnation": self.incarnation.hex(),
            "last_version": self.last_version,
            "acknowledged": self.acknowledged.as_json(),
            "counts": vars(self.counts),
        }
        write_atomically(self.folder / STATE_FILE, json.dumps(kept))

    def close(self) -> None:
        """Write the state and close the journal."""
        self.save()
        self.journal.close()

    def _restore(self) -> None:
        path = self.folder / STATE_FILE
        if not path.exists():
            self.save()
            return
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: cannot be read: {error}") from error
        self.incarnation = bytes.fromhex(kept["incarnation"])
        self.last_version = kept["last_version"]
        self.acknowledged.restore(kept["acknowledged"])
        self.counts = Counts(**kept["counts"])

    def _read_journal(self) -> None:
        """Find out what the records say that the state does not."""
        for number, data in self.journal.read(self.journal.first):
            record = lb.JournalRecord.FromString(data)
            told = record.trajectory
            self.acknowledged.note(record.instance, told.sequence)
            self.waiting.records[number] = int(told.rewards.shape[0])
