"""What learners talk to, and how they are started: as ordinary trainings of rlsys, in processes."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc

from rlsys.storage.atomic import write_atomically
from rlsys_distributed.server.handlers import sound
from rlsys_distributed.server.model import Model
from rlsys_distributed.server.registry import Registry
from rlsys_distributed.v1 import learner_pb2 as lb
from rlsys_distributed.v1.learner_pb2_grpc import LearningServicer
from rlsys_distributed.wire.calls import ADDRESS, TOKEN
from rlsys_distributed.wire.model import Version, layout_of
from rlsys_distributed.wire.parts import Assembler, parts_of

_LOG = logging.getLogger("rlsys.distributed")

_MOST_MODEL_BYTES = 1 << 30
JOB_FILE, LOG_FILE = "learner.json", "learner.log"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a learner that has ended is started again: doubled up to the longest."""
GOOD_FOR = 60.0
"""Seconds after which a learner counts as one that works: the next pause is the first one again."""


class Learners(LearningServicer):
    """Starts learners and answers them.

    Args:
        home: the server's directory.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.token = secrets.token_urlsafe(32)
        self.address = ""
        self.registry: Registry
        self.finishing = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}

    def start(self, model: Model) -> None:
        """Run a model's learner until the server stops."""
        if self.address:
            self._tasks[model.spec.name] = asyncio.ensure_future(self._run(model))

    def start_all(self, address: str) -> None:
        """Start the learners of the models that are there; those that come later start at once."""
        self.address = address
        for model in self.registry.models.values():
            self.start(model)

    async def stop(self, patience: float) -> None:
        """Let every learner save and end; after `patience` seconds they are killed."""
        self.finishing = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=patience)
            for process in self._processes.values():
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            if late:
                await asyncio.wait(late)

    async def _run(self, model: Model) -> None:
        """Start the learner, and again when it has ended although nobody asked it to."""
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while not self.finishing:
            begun = loop.time()
            code = await self._once(model)
            if code == 0 or self.finishing:
                model.state = "finished" if code == 0 and not self.finishing else "stopped"
                return
            if loop.time() - begun > GOOD_FOR:
                pause = FIRST_PAUSE
            model.state = "failed"
            model.problem = _last_line(model.folder / LOG_FILE) or f"exit code {code}"
            _LOG.error(
                "learner of %s has ended: %s; starting it again in %.0f s",
                model.spec.name, model.problem, pause,
            )  # fmt: skip
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _once(self, model: Model) -> int:
        job = model.folder / JOB_FILE
        write_atomically(job, json.dumps(self._job(model)))
        environment = {
            **os.environ,
            ADDRESS: self.address,
            TOKEN: self.token,
            "OMP_NUM_THREADS": "1",
        }
        log = (model.folder / LOG_FILE).open("ab")
        with log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "rlsys_distributed.learning.process", str(job),
                env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # Ctrl-C is for the server, which then asks it to finish
            )  # fmt: skip
        self._processes[model.spec.name] = process
        try:
            return await process.wait()
        finally:
            del self._processes[model.spec.name]
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGKILL)

    def _job(self, model: Model) -> dict[str, Any]:
        config, spec = self.registry.config, model.spec
        described = spec.as_json()
        return {
            "out": str(self.home / spec.name),
            "executor": config.executor,
            "executor_options": config.executor_options,
            "config": {
                "plugin": "distributed",
                "environment": {
                    "model": spec.name,
                    **{key: described[key] for key in ("observation", "action", "masked", "items")},
                },
                "agents": {f"distributed-{spec.algorithm}": spec.settings},
                "training": {
                    "checkpoint_every": config.checkpoint_every,
                    "keep_periodic": False,
                },
            },
        }

    async def Attach(self, request: lb.AttachRequest, context: Any) -> lb.AttachResponse:  # noqa: N802
        """Say what there is for a learner."""
        model = await self._model(request, context)
        model.journal.skip_to(request.next_record)
        model.waiting.taken(request.next_record)
        model.state, model.problem = "learning", ""
        return lb.AttachResponse(
            incarnation=model.incarnation,
            first_record=model.journal.first,
            next_record=model.journal.next,
            last_version=model.last_version,
        )

    async def Records(  # noqa: N802
        self, request: lb.RecordsRequest, context: Any
    ) -> AsyncIterator[Any]:
        """Send the journal, and what comes to it."""
        model = await self._model(request, context)
        number = request.first_record
        while True:
            async with model.changed:
                await model.changed.wait_for(lambda: model.journal.next > number)  # noqa: B023
            for found, record in model.journal.read(number):
                for part in parts_of(record):
                    yield part
                number = found + 1

    async def Publish(  # noqa: N802
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> lb.PublishResponse:
        """Take a version."""
        if not self._check(context):
            await self._refuse(context)
        assembler = Assembler(_MOST_MODEL_BYTES)
        async for part in request_iterator:
            message = assembler.take(sound(part))
            if message is None:
                continue
            state = lb.ModelState.FromString(message)
            model = await self._model(state, context)
            layout = layout_of(state.header, state.tensors)
            version = Version(state.version, layout, state.data, state.exploration)
            await model.until_written(partial(model.publish, version))
            async with model.changed:
                model.changed.notify_all()
        return lb.PublishResponse()

    async def Report(self, request: lb.ReportRequest, context: Any) -> lb.ReportResponse:  # noqa: N802
        """Take a learner's progress."""
        model = await self._model(request, context)
        model.counts.learned = request.steps_learned
        model.counts.stale = request.steps_stale
        model.counts.episodes = request.episodes
        model.mean_return = request.mean_return
        model.waiting.taken(request.taken_record)
        await model.until_written(lambda: model.saved(request.saved_record))
        async with model.changed:
            model.changed.notify_all()
        full = model.journal.size > self.registry.config.backlog.journal_bytes
        return lb.ReportResponse(save=full, finish=self.finishing)

    def _check(self, context: Any) -> bool:
        given = dict(context.invocation_metadata() or ())
        said = str(given.get("authorization", ""))
        return hmac.compare_digest(said.encode(), f"Bearer {self.token}".encode())

    async def _refuse(self, context: Any) -> None:
        await context.abort(
            grpc.StatusCode.UNAUTHENTICATED,
            "only a learner that this server has started may call this",
        )

    async def _model(self, request: Any, context: Any) -> Model:
        """Return the model that a learner's request names."""
        if not self._check(context):
            await self._refuse(context)
        name = sound(request).model
        model = self.registry.models.get(name)
        if model is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no model {name!r}")
        assert model is not None
        return model


def _last_line(path: Path) -> str:
    """Return the last line of a log; "" if there is none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[-1][:300] if lines else ""
