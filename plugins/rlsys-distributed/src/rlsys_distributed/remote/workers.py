"""All processes that play for one training."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any

from rlsys.errors import UserError
from rlsys_distributed.remote.worker import Task, work

_GRACE = 10.0
"""Seconds that a worker has to send what is left and to end."""


class Workers:
    """Runs workers; a context manager. Leaving it ends them.

    Args:
        tasks: one per worker.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tasks
        self._processes: list[Any] = []
        self._pipes: list[Connection] = []

    def __enter__(self) -> Workers:
        context = multiprocessing.get_context("spawn")
        for task in self._tasks:
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs, task), daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._pipes.append(ours)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pipe in self._pipes:
            try:
                pipe.send("stop")
            except OSError:
                continue  # it has ended already
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            process.join(_GRACE)
            if process.is_alive():  # a step that does not return
                process.kill()
                process.join()
            pipe.close()

    def wait(self, timeout: float) -> list[Mapping[str, float]]:
        """Return what the workers have told within `timeout` seconds.

        Raises:
            UserError: a worker was killed, or has raised it.
            Exception: what a worker has raised.
        """
        told = []
        for pipe in wait(self._pipes, timeout):
            assert isinstance(pipe, Connection)
            try:
                said = pipe.recv()
            except (EOFError, OSError) as error:
                raise self._gone(self._processes[self._pipes.index(pipe)]) from error
            if isinstance(said, Exception):
                raise said
            told.append(said)
        return told

    def _gone(self, process: Any) -> UserError:
        process.join(_GRACE)
        return UserError(
            f"a process that plays the environment has ended (exit code {process.exitcode}; out of "
            "memory?); continue with --resume, and with fewer copies or workers "
            "(agents.remote.num_envs, agents.remote.workers). A Python file must call rlsys below "
            "`if __name__ == '__main__':`"
        )
