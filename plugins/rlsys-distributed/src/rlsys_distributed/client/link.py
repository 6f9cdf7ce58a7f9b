"""The connection to the server: it runs in the background, and nothing in the program waits for it.

One thread registers, and again whenever a call breaks; gRPC's own threads send and receive
meanwhile. What the server has not acknowledged is kept, up to a limit, and sent again.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc

from rlsys_distributed.client.trajectory import Piece
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.v1.trainer_pb2_grpc import TrainerStub
from rlsys_distributed.wire.calls import CHANNEL_OPTIONS, metadata
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.model import Version
from rlsys_distributed.wire.parts import PART_BYTES, Assembler, parts_of
from rlsys_distributed.wire.updates import apply

_LOG = logging.getLogger("rlsys.distributed")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two attempts to register: doubled from the first to the longest."""
PATIENCE = 30.0
"""Seconds for which the server may say that the client's id is in use: its own earlier connection
may be open still."""
MOST_MODEL_BYTES = 1 << 30
GIVING_UP = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.PERMISSION_DENIED,
)


@dataclass
class Statistics:
    """What has become of what a program did; counts of trajectories.

    Attributes:
        sent: handed to gRPC at least once.
        acknowledged: safe with the server, or refused by it.
        refused: by reason; nothing is learned from them.
        dropped: lost here, because the server could not take them in time.
        stale: left out here, because nothing is learned from versions that old.
        updates: versions received.
        connections: times that the server was reached.
        problem: the last thing that went wrong, or "".
    """

    sent: int = 0
    acknowledged: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    stale: int = 0
    updates: int = 0
    connections: int = 0
    problem: str = ""


class Link:
    """Connects one agent to its server, for as long as the program runs.

    Args:
        channel: makes a channel to the server.
        register: what the program says about itself.
        token: what the server asks for, or None.
        serialise: ``serialise(piece, sequence) -> bytes``.
        on_model: called in a background thread with every version and its incarnation.
        on_limits: called in a background thread with what the server allows, at every registration.
        explain: adds to what gRPC says about a connection that cannot be made.
        buffer: most trajectories kept.
        sends: whether trajectories are sent at all.
    """

    def __init__(
        self,
        channel: Callable[[], grpc.Channel],
        register: pb.RegisterRequest,
        token: str | None,
        serialise: Callable[[Piece, int], bytes],
        on_model: Callable[[Version, bytes], None],
        *,
        on_limits: Callable[[pb.Limits], None],
        explain: Callable[[str], str],
        buffer: int,
        sends: bool = True,
    ) -> None:
        self._channel = channel
        self._register = register
        self._token = token
        self._serialise = serialise
        self._on_model = on_model
        self._on_limits = on_limits
        self._explain = explain
        self._buffer = buffer
        self._sends = sends
        self._changed = threading.Condition()
        self._waiting: deque[Piece] = deque()
        self._unacknowledged: dict[int, bytes] = {}
        self._one_sender = threading.Lock()
        self._in_hand = 0
        self._sequence = 0
        self._window = 1
        self._max_lag: int | None = None
        self._closing = False
        self._held: Version | None = None
        self._incarnation = b""
        self._connection: _Connection | None = None
        self.statistics = Statistics()
        self.failure: str | None = None
        self._thread = threading.Thread(target=self._run, name="rlsys-link", daemon=True)
        self._thread.start()

    def put(self, piece: Piece) -> None:
        """Send a piece as soon as possible; the oldest are dropped where there are too many."""
        if not self._sends:
            return
        with self._changed:
            if self.failure is not None:
                self.statistics.dropped += 1
                return
            self._waiting.append(piece)
            if self._left() > self._buffer:
                self._waiting.popleft()
                self.statistics.dropped += 1
            self._changed.notify_all()

    @property
    def held(self) -> Version | None:
        """The newest version that has arrived."""
        return self._held

    def flush(self, timeout: float, left: int = 0) -> bool:
        """Wait until the server has acknowledged all but `left`; return whether it has."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.failure is not None or self._left() <= left, timeout
            )
            return self._left() <= left

    def _left(self) -> int:
        return len(self._waiting) + self._in_hand + len(self._unacknowledged)

    def wait_for_model(self, timeout: float) -> bool:
        """Wait until there is a model; return whether there is."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._held is not None or self.failure is not None or self._closing, timeout
            )
            return self._held is not None

    def close(self, timeout: float) -> None:
        """Send what is left, for at most `timeout` seconds, and end the connection."""
        self.flush(timeout)
        with self._changed:
            self._closing = True
            connection = self._connection
            left = self._left()
            self.statistics.dropped += left
            self._changed.notify_all()
        if left:
            _LOG.warning("closed with %d trajectories that the server has not acknowledged", left)
        if connection is not None:
            connection.cancel()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        pause, in_use_since = FIRST_PAUSE, None
        while not self._closing:
            registered = False
            try:
                with self._channel() as channel:
                    connection = _Connection(self, TrainerStub(channel), self._token)
                    self._connection = connection
                    connection.register()
                    registered, in_use_since = True, None
                    connection.run()
            except grpc.RpcError as error:
                code, text = _said(error)
                if code == grpc.StatusCode.ALREADY_EXISTS:
                    now = time.monotonic()
                    in_use_since = now if in_use_since is None else in_use_since
                    if now - in_use_since > PATIENCE:
                        self._give_up(text)
                        return
                elif code in GIVING_UP or (
                    code == grpc.StatusCode.UNAUTHENTICATED and not registered
                ):
                    self._give_up(text)
                    return
                if code == grpc.StatusCode.UNAVAILABLE and not registered:
                    text = self._explain(text)
                self._note(f"{code.name}: {text}")
            except _Ended:
                self._note("the server has ended a call")
            except WireError as error:
                # An update that does not fit what is held: begin anew with a whole version.
                self._held = None
                self._note(str(error))
            finally:
                self._connection = None
            pause = FIRST_PAUSE if registered else min(2 * pause, LONGEST_PAUSE)
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closing, pause * (1 + random.uniform(-0.25, 0.25))
                )

    def _give_up(self, text: str) -> None:
        with self._changed:
            self.failure = text
            self.statistics.problem = text
            self.statistics.dropped += len(self._waiting) + len(self._unacknowledged)
            self._waiting.clear()
            self._unacknowledged.clear()
            self._changed.notify_all()
        _LOG.error("%s; the program goes on with the model that it has, and sends nothing", text)

    def _note(self, text: str) -> None:
        if self._closing:
            return
        if text != self.statistics.problem:
            _LOG.warning("connection to the server: %s; trying again", text)
        self.statistics.problem = text

    # What the connection calls.

    def registration(self) -> pb.RegisterRequest:
        """Return what is said at every start of a connection."""
        request = pb.RegisterRequest()
        request.CopyFrom(self._register)
        with self._changed:
            request.first_sequence = min(self._unacknowledged, default=self._sequence + 1)
        return request

    def registered(self, answer: pb.RegisterResponse) -> None:
        """Take what the server says about itself."""
        self._on_limits(answer.limits)
        with self._changed:
            self.statistics.connections += 1
            self.statistics.problem = ""
            limits = answer.limits
            self._window = max(1, limits.window)
            self._max_lag = limits.max_lag if limits.HasField("max_lag") else None
            if answer.incarnation != self._incarnation:
                self._held, self._incarnation = None, answer.incarnation
            self._forget(answer.acknowledged)

    def model_request(self) -> pb.ModelsRequest:
        """Return which version is held."""
        held = self._held
        return pb.ModelsRequest(
            version=0 if held is None else held.number, incarnation=self._incarnation
        )

    def updated(self, update: pb.ModelUpdate) -> None:
        """Take a model update."""
        version = apply(self._held, update, MOST_MODEL_BYTES)
        self._on_model(version, update.incarnation)
        with self._changed:
            self._held, self._incarnation = version, update.incarnation
            self.statistics.updates += 1
            self._changed.notify_all()

    def acknowledged(self, answer: pb.Acknowledgement) -> None:
        """Take an acknowledgement."""
        with self._changed:
            for refusal in answer.refusals:
                reason = pb.Refusal.Reason.Name(refusal.reason).lower()
                counts = self.statistics.refused
                counts[reason] = counts.get(reason, 0) + 1
                if counts[reason] == 1:
                    _LOG.warning(
                        "the server refused trajectory %d: %s", refusal.sequence, refusal.message
                    )
            self._window = max(1, answer.window)
            self._forget(answer.sequence)

    def _forget(self, sequence: int) -> None:
        for number in [n for n in self._unacknowledged if n <= sequence]:
            del self._unacknowledged[number]
            self.statistics.acknowledged += 1
        self._changed.notify_all()

    def outgoing(self, connection: _Connection, part_bytes: int) -> Iterator[pb.Part]:
        """Yield what is sent: first what was not acknowledged, then new pieces."""
        # A generator of a connection that broke may still have a piece in hand.
        with self._one_sender, self._changed:
            again = sorted(self._unacknowledged.items())
        for _, message in again:
            yield from parts_of(message, part_bytes)
        while True:
            with self._one_sender:
                piece = self._next_piece(connection)
                if piece is None:
                    return
                sequence = self._sequence + 1
                message = self._serialise(piece, sequence)
                with self._changed:
                    self._sequence = sequence
                    self._unacknowledged[sequence] = message
                    self._in_hand = 0
                    self.statistics.sent += 1
            yield from parts_of(message, part_bytes)

    def _next_piece(self, connection: _Connection) -> Piece | None:
        """Wait for a piece that may be sent; None when the connection has ended."""
        with self._changed:
            while True:
                self._changed.wait_for(
                    lambda: (
                        connection.ended
                        or (self._waiting and len(self._unacknowledged) < self._window)
                    )
                )
                if connection.ended:
                    return None
                piece = self._waiting.popleft()
                if not self._is_stale(piece):
                    self._in_hand = 1
                    return piece
                self.statistics.stale += 1
                self._changed.notify_all()

    def _is_stale(self, piece: Piece) -> bool:
        held = self._held
        if self._max_lag is None or held is None:
            return False
        actors = (action.actor for action in (piece.actions[0], piece.actions[-1]))
        return any(
            actor.incarnation != self._incarnation
            or actor.version < max(1, held.number - self._max_lag)
            for actor in actors
        )


class _Ended(Exception):
    """The server has ended a call in good order."""


class _Connection:
    """One registration, and the two calls that follow it."""

    def __init__(self, link: Link, stub: TrainerStub, token: str | None) -> None:
        self._link = link
        self._stub = stub
        self._token = token
        self._calls: list[Any] = []
        self._error: BaseException | None = None
        self.ended = False
        self._session = ""
        self._part_bytes = PART_BYTES

    def register(self) -> None:
        answer = self._stub.Register(
            self._link.registration(), metadata=metadata(self._token), timeout=30.0
        )
        self._session = answer.session
        self._part_bytes = min(PART_BYTES, answer.limits.part_bytes or PART_BYTES)
        self._link.registered(answer)

    def run(self) -> None:
        """Send and receive until a call ends, and raise why it did."""
        headers = metadata(self._token, self._session)
        models = self._stub.Models(self._link.model_request(), metadata=headers)
        self._calls.append(models)
        receiver = threading.Thread(
            target=self._receive, args=(models,), name="rlsys-models", daemon=True
        )
        receiver.start()
        if self._link._sends:
            answers = self._stub.Trajectories(
                self._link.outgoing(self, self._part_bytes), metadata=headers
            )
            self._calls.append(answers)
            self._until_it_breaks(lambda: self._take(answers))
        receiver.join()
        if self._error is not None:
            raise self._error

    def cancel(self) -> None:
        """End both calls."""
        self.ended = True
        for call in self._calls:
            call.cancel()
        with self._link._changed:
            self._link._changed.notify_all()

    def _take(self, answers: Iterator[pb.Acknowledgement]) -> None:
        for answer in answers:
            self._link.acknowledged(answer)

    def _receive(self, models: Any) -> None:
        self._until_it_breaks(lambda: self._take_models(models))

    def _take_models(self, models: Iterator[pb.Part]) -> None:
        assembler = Assembler(MOST_MODEL_BYTES)
        for part in models:
            message = assembler.take(part)
            if message is not None:
                self._link.updated(pb.ModelUpdate.FromString(message))

    def _until_it_breaks(self, work: Callable[[], None]) -> None:
        """Do it; when it ends, however it does, the other call ends too."""
        try:
            work()
            raise _Ended
        except (grpc.RpcError, WireError, _Ended) as error:
            if self._error is None and not self.ended:
                self._error = error
        self.cancel()


def _said(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    """Return the code and the first line of a failed call."""
    code = error.code() if hasattr(error, "code") else grpc.StatusCode.UNKNOWN
    details = (error.details() if hasattr(error, "details") else None) or str(error)
    return code, details.splitlines()[0] if details else code.name


def channel_to(address: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    """Return a channel; without credentials in plain text."""
    if credentials is None:
        return grpc.insecure_channel(address, CHANNEL_OPTIONS)
    return grpc.secure_channel(address, credentials, CHANNEL_OPTIONS)
