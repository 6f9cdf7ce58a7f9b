"""The front: what programs talk to. It has one event loop, in which nothing waits for a learner."""

from __future__ import annotations

import contextlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from rlsys_distributed.server.clients import Client
from rlsys_distributed.server.handlers import sound
from rlsys_distributed.server.model import Model
from rlsys_distributed.server.registry import Refused, Registry
from rlsys_distributed.server.settings import ServerConfig
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.v1.trainer_pb2_grpc import TrainerServicer
from rlsys_distributed.wire.calls import PROTOCOL, PROTOCOL_KEY, SESSION_KEY
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.parts import PART_BYTES, Assembler, parts_of

SOFTWARE = "rlsys-distributed 0.1.0"


class Front(TrainerServicer):
    """Answers programs.

    Args:
        registry: the models.
        token: what every program must know; None: nothing.
    """

    def __init__(self, registry: Registry, token: str | None) -> None:
        self.registry = registry
        self.config: ServerConfig = registry.config
        self._token = token
        self._begun = time.monotonic()
        self.refused_calls = 0

    async def Register(  # noqa: N802
        self, request: pb.RegisterRequest, context: Any
    ) -> pb.RegisterResponse:
        """Let a program in."""
        async with self._refusals(context):
            self._check_caller(context)
            model, client = self.registry.register(sound(request), context.peer())
        limits = self.config.limits
        return pb.RegisterResponse(
            session=client.session,
            model=model.spec.name,
            incarnation=model.incarnation,
            algorithm=model.spec.algorithm,
            settings=json.dumps(model.spec.settings),
            acknowledged=client.acknowledged,
            limits=pb.Limits(
                trajectory_bytes=limits.trajectory_bytes,
                trajectory_steps=limits.trajectory_steps,
                part_bytes=PART_BYTES,
                window=self._window(model),
                max_lag=model.spec.settings.get("max_lag"),
            ),
            software=SOFTWARE,
        )

    async def Models(  # noqa: N802
        self, request: pb.ModelsRequest, context: Any
    ) -> AsyncIterator[pb.Part]:
        """Send a program every version, as a difference where that is smaller."""
        async with self._refusals(context):
            model, client = self._session(context)
            number, incarnation = sound(request).version, request.incarnation
            releases = model.releases(client.encoding)
            with self._calling(client):
                while True:
                    async with model.changed:
                        await model.changed.wait_for(
                            lambda: (
                                releases.since(number, incarnation)  # noqa: B023
                                or not self._is_current(client)
                            )
                        )
                        updates = releases.since(number, incarnation)
                    if not self._is_current(client):
                        return
                    for release in updates:
                        for part in parts_of(release.update.SerializeToString()):
                            yield part
                        number, incarnation = release.held.number, model.incarnation

    async def Trajectories(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.Part], context: Any
    ) -> AsyncIterator[pb.Acknowledgement]:
        """Take trajectories, keep them, and say so."""
        async with self._refusals(context):
            model, client = self._session(context)
            assembler = Assembler(self.config.limits.trajectory_bytes)
            with self._calling(client):
                yield self._acknowledgement(model, client)
                async for part in request_iterator:
                    if not self._is_current(client):
                        return
                    client.heard = time.monotonic()
                    message = assembler.take(sound(part))
                    if message is None:
                        continue
                    for told in self._in_order(client, _parsed(message)):
                        await self._keep(model, client, told)
                    yield self._acknowledgement(model, client)

    async def Status(  # noqa: N802
        self,
        request: pb.StatusRequest,
        context: Any,
    ) -> pb.StatusResponse:
        """Say how the server and its models are."""
        async with self._refusals(context):
            self._check_caller(context)
            sound(request)
        return self.status()

    def status(self) -> pb.StatusResponse:
        """Return how the server and its models are."""
        return pb.StatusResponse(
            software=SOFTWARE,
            uptime_seconds=time.monotonic() - self._begun,
            refused_calls=self.refused_calls,
            models=[_model_status(self.registry, m) for m in self.registry.models.values()],
        )

    def _in_order(self, client: Client, told: pb.Trajectory) -> list[pb.Trajectory]:
        """Return the trajectories that come next; one that came before changes nothing.

        Raises:
            WireError: one far ahead of those that are missing.
        """
        if told.sequence <= client.acknowledged:
            return []
        most = 2 * self.config.limits.window
        if told.sequence > client.acknowledged + most:
            raise WireError(
                f"sequence: {told.sequence} comes before {client.acknowledged + 1}; at most {most} "
                "may be under way"
            )
        client.early[told.sequence] = told
        found = []
        following = client.acknowledged + 1
        while following in client.early:
            found.append(client.early.pop(following))
            following += 1
        return found

    async def _keep(self, model: Model, client: Client, told: pb.Trajectory) -> None:
        """Put a trajectory into the journal or refuse it by name; then it is acknowledged."""
        try:
            steps = self._checked(model, told)
        except WireError as error:
            model.counts.bad += int(told.rewards.shape[0]) if told.rewards.shape else 0
            self._refuse(client, told, pb.Refusal.BAD, str(error))
        else:
            await self._keep_checked(model, client, told, steps)
        client.acknowledged = told.sequence
        model.acknowledged.note(client.instance, told.sequence)

    async def _keep_checked(
        self, model: Model, client: Client, told: pb.Trajectory, steps: int
    ) -> None:
        if told.incarnation not in (model.incarnation, b""):
            model.counts.stale += steps
            self._refuse(
                client, told, pb.Refusal.OTHER_MODEL, "chosen by a model that is no longer there"
            )
            return
        behind = self._is_behind(model)
        if behind and self.config.backlog.policy == "drop":
            model.counts.dropped += steps
            self._refuse(
                client,
                told,
                pb.Refusal.OVERLOADED,
                f"the learner is {model.waiting.steps} steps behind",
            )
            return
        if behind:
            async with model.changed:
                await model.changed.wait_for(lambda: not self._is_behind(model))
        # Not acknowledged while the disk is full: the program keeps it until there is room again.
        await model.until_written(lambda: model.write(client, told, steps))
        async with model.changed:
            model.changed.notify_all()

    def _checked(self, model: Model, told: pb.Trajectory) -> int:
        steps = model.checker.steps(told)
        newest = max((run.version for run in told.versions), default=0)
        if newest > model.last_version and told.incarnation == model.incarnation:
            raise WireError(
                f"versions: {newest} has never been sent; the newest is {model.last_version}"
            )
        return steps

    def _refuse(self, client: Client, told: pb.Trajectory, reason: int, text: str) -> None:
        client.refusals.append(
            pb.Refusal(sequence=told.sequence, reason=reason, message=text)  # type: ignore[arg-type]
        )

    def _is_behind(self, model: Model) -> bool:
        too_large = model.journal.size >= 2 * self.config.backlog.journal_bytes
        return too_large or model.waiting.steps >= model.most_waiting

    def _window(self, model: Model) -> int:
        """Return how many trajectories may be under way: fewer as the backlog grows."""
        free = 1.0 - model.waiting.steps / model.most_waiting
        return max(1, round(self.config.limits.window * min(1.0, max(0.0, free))))

    def _acknowledgement(self, model: Model, client: Client) -> pb.Acknowledgement:
        refusals, client.refusals = client.refusals, []
        return pb.Acknowledgement(
            sequence=client.acknowledged, window=self._window(model), refusals=refusals
        )

    def _is_current(self, client: Client) -> bool:
        """Return whether the client has not registered again since."""
        try:
            return self.registry.of_session(client.session)[1] is client
        except Refused:
            return False

    @contextlib.contextmanager
    def _calling(self, client: Client) -> Any:
        client.calls += 1
        try:
            yield
        finally:
            self.registry.leave(client)

    def _session(self, context: Any) -> tuple[Model, Client]:
        given = self._check_caller(context)
        return self.registry.of_session(given.get(SESSION_KEY, ""))

    def _check_caller(self, context: Any) -> dict[str, str]:
        """Check token and protocol of a call; return its metadata.

        Raises:
            Refused: one of them is wrong.
        """
        given = {key: str(value) for key, value in context.invocation_metadata() or ()}
        if self._token is not None:
            wanted = f"Bearer {self._token}"
            said = given.get("authorization", "")
            if not hmac.compare_digest(said.encode(), wanted.encode()):
                raise Refused(
                    grpc.StatusCode.UNAUTHENTICATED,
                    "the token is missing or wrong; the client's `token_file` must have the "
                    "server's",
                )
        protocol = given.get(PROTOCOL_KEY, "")
        if protocol != PROTOCOL:
            raise Refused(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"{PROTOCOL_KEY} is {protocol[:20]!r}; this server knows {PROTOCOL}: install the "
                "client of the server's version",
            )
        return given

    @contextlib.asynccontextmanager
    async def _refusals(self, context: Any) -> Any:
        """Answer what is refused with its code and one line."""
        try:
            yield
        except Refused as error:
            self.refused_calls += 1
            await context.abort(error.code, str(error))
        except WireError as error:
            self.refused_calls += 1
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))


def _parsed(message: bytes) -> pb.Trajectory:
    from google.protobuf.message import DecodeError

    try:
        told: pb.Trajectory = pb.Trajectory.FromString(message)
    except DecodeError as error:
        raise WireError(f"not a trajectory: {error}") from error
    return told


def _model_status(registry: Registry, model: Model) -> pb.ModelStatus:
    counts = model.counts
    return pb.ModelStatus(
        name=model.spec.name,
        algorithm=model.spec.algorithm,
        version=model.last_version,
        run=str(registry.home / model.spec.name),
        state=model.state,
        problem=model.disk_problem or model.problem,
        clients=[
            pb.ClientStatus(
                client_id=client.client_id,
                connected=client.connected,
                silent_seconds=client.silent_seconds,
                steps=client.steps,
                software=client.software,
            )
            for client in model.clients.values()
        ],
        steps_received=counts.received,
        steps_learned=counts.learned,
        steps_stale=counts.stale,
        steps_dropped=counts.dropped,
        steps_bad=counts.bad,
        steps_waiting=model.waiting.steps,
        journal_bytes=model.journal.size,
        episodes=counts.episodes,
        mean_return=model.mean_return,
    )
