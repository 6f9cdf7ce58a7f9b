"""The driver's side: jobs as Ray tasks, their reports, and restarts after nodes have died.

The driver restarts a lost task, not Ray itself, so that it continues from the checkpoint that
arrived last instead of from the start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from rlsys.errors import UserError
from rlsys_ray.jobs import Job, Lines, Outcome, Work, do, pack, units_of
from rlsys_ray.mailbox import Letter, Mailbox
from rlsys_ray.parcels import Folders, Parcel

OnLine = Callable[[int, Mapping[str, Any]], None]
LOST = (LocalRayletDiedError, NodeDiedError, ObjectLostError, OutOfMemoryError, WorkerCrashedError)
ATTEMPTS = 4
_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.1


def _do_and_deliver(job: Job, mailbox: Any) -> Outcome:
    def deliver(lines: Lines, files: Parcel) -> bool:
        letter = Letter(job.number, job.attempt, lines, files)
        stop: bool = ray.get(mailbox.deliver.remote(letter))
        return stop

    return do(job, deliver)


@dataclass
class _Running:
    """A running job."""

    work: Work
    folders: Folders
    task: Any
    attempt: int = 1
    heard: list[set[Any]] = field(default_factory=lambda: [set()])
    """The reports of each attempt."""


class Pool:
    """Run work units as tasks with one CPU each; use it while connected.

    Args:
        slots: how many at a time; None: as many as the cluster has CPUs now.

    Raises:
        UserError: the cluster has no CPU.
    """

    def __init__(self, slots: int | None) -> None:
        resources: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        cpus = int(resources.get("CPU", 0))
        if not cpus:
            raise UserError(
                "the Ray cluster has no CPU to work on; start its nodes with --num-cpus >= 1"
            )
        self.slots = slots or cpus
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._mailbox: Any = (
            ray.remote(Mailbox).options(num_cpus=0, scheduling_strategy=here).remote()
        )
        # No retries by Ray: see the module's docstring.
        self._task = ray.remote(_do_and_deliver).options(num_cpus=1, max_retries=0)
        self._running: dict[int, _Running] = {}
        self._stopped: set[int] = set()

    @property
    def free(self) -> bool:
        """Whether another unit can be started."""
        return len(self._running) < self.slots

    @property
    def running(self) -> list[int]:
        """Numbers of the running units."""
        return list(self._running)

    def start(self, number: int, work: Work) -> None:
        """Start a unit with a number that has not been used before."""
        folders = Folders([unit.directory for unit in units_of(work)])
        self._running[number] = _Running(work, folders, self._submit(number, 1, work, folders))

    def stop(self, numbers: Sequence[int]) -> None:
        """Make units stop at their next boundary."""
        new = set(numbers) - self._stopped
        if new:
            self._stopped |= new
            ray.get(self._mailbox.stop.remote(new))

    def wait(self, on_line: OnLine) -> list[tuple[int, Outcome]]:
        """Wait a moment; pass on reports and store files; return what has ended.

        Raises:
            UserError: the cluster is lost.
        """
        numbers = {running.task: number for number, running in self._running.items()}
        ended, _ = ray.wait(list(numbers), num_returns=1, timeout=_POLL_SECONDS)
        try:
            letters = ray.get(self._mailbox.collect.remote())
        except RayActorError as error:
            raise UserError(
                "the connection to the Ray cluster is lost; continue with --resume"
            ) from error
        for letter in letters:
            self._open(letter, on_line)
        outcomes = ((numbers[task], self._outcome(numbers[task])) for task in ended)
        return [(number, outcome) for number, outcome in outcomes if outcome is not None]

    def _submit(self, number: int, attempt: int, work: Work, folders: Folders) -> Any:
        files = Folders(folders.paths).pack()
        return self._task.remote(pack(number, attempt, work, files), self._mailbox)

    def _open(self, letter: Letter, on_line: OnLine) -> None:
        running = self._running.get(letter.number)
        if running is None or running.attempt != letter.attempt:
            return  # from a node that was considered dead but is alive
        running.folders.unpack(letter.files)
        for line in letter.lines:
            # An attempt repeats lines of earlier ones, whose lines got further than their files.
            mark = (line.get("unit"), line["agent"], line["step"], frozenset(line))
            if not any(mark in heard for heard in running.heard[:-1]):
                on_line(letter.number, line)
            running.heard[-1].add(mark)

    def _outcome(self, number: int) -> Outcome | None:
        """Return how a unit ended; None if it was lost and has been restarted."""
        running = self._running[number]
        try:
            outcome: Outcome = ray.get(running.task)
        except LOST as error:
            if number in self._stopped:
                outcome = Outcome(stopped=True)
            elif running.attempt == ATTEMPTS:
                outcome = Outcome(
                    refusal=f"a task was lost {ATTEMPTS} times, the last time by "
                    f"{type(error).__name__} (out of memory? try fewer --jobs); continue with "
                    "--resume"
                )
            else:
                _log.warning(
                    "rlsys: %s was lost (%s); it continues from its last checkpoint",
                    ", ".join(f"{unit.case} seed {unit.seed}" for unit in units_of(running.work)),
                    type(error).__name__,
                )
                running.attempt += 1
                running.heard.append(set())
                running.task = self._submit(number, running.attempt, running.work, running.folders)
                return None
        except RayTaskError as error:
            outcome = Outcome(bug=_cause(error))
        except RayError as error:
            reason = str(error).splitlines()[0]
            outcome = Outcome(refusal=f"Ray could not run a task: {reason}; continue with --resume")
        del self._running[number]
        return outcome


def _cause(error: RayTaskError) -> Exception:
    """Return the exception raised in the task, which has its original traceback."""
    cause = getattr(error, "cause", None)
    if not isinstance(cause, Exception):
        return error
    cause.__cause__ = error
    return cause
