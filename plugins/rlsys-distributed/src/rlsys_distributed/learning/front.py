"""The learner's side of its connection to the server's front."""

from __future__ import annotations

import os
import queue
import threading
from dataclasses import dataclass
from typing import Any

import grpc

from rlsys.errors import UserError
from rlsys_distributed.learning.pieces import Piece, piece_of
from rlsys_distributed.v1 import learner_pb2 as lb
from rlsys_distributed.v1.learner_pb2_grpc import LearningStub
from rlsys_distributed.wire.calls import ADDRESS, INNER_OPTIONS, TOKEN, metadata
from rlsys_distributed.wire.model import Version
from rlsys_distributed.wire.parts import Assembler, parts_of

_MOST_RECORD_BYTES = 1 << 30
_READ_AHEAD = 16
"""Records that are read before they are asked for."""


@dataclass(frozen=True)
class Progress:
    """What the front wants to know.

    Attributes:
        saved_record: records below this number are in a checkpoint.
        taken_record: records below this number have been taken.
        learned, stale: steps so far.
        episodes: whole episodes so far.
        mean_return: of the last 100 of them; NaN before the first.
    """

    saved_record: int
    taken_record: int
    learned: int
    stale: int
    episodes: int
    mean_return: float


class FrontLost(UserError):
    """The front has gone away; the learner ends, and is started anew with the front."""


class FrontLink:
    """Takes records from the front, and gives it versions and progress.

    Args:
        model: the learner's model.
        next_record: every record below this number is in the learner's checkpoint.

    Raises:
        UserError: the learner was not started by a server.
        FrontLost: the front is not there.
    """

    def __init__(self, model: str, next_record: int) -> None:
        address, token = os.environ.get(ADDRESS), os.environ.get(TOKEN)
        if not address or not token:
            raise UserError(
                "the agents of rlsys-distributed learn from running programs: start them with "
                "`rlsys distributed serve`"
            )
        self._model = model
        self._metadata = metadata(token)
        self._channel = grpc.insecure_channel(address, INNER_OPTIONS)
        self._stub = LearningStub(self._channel)
        self._pieces: queue.Queue[Piece | BaseException] = queue.Queue(_READ_AHEAD)
        answer = self._call(
            self._stub.Attach, lb.AttachRequest(model=model, next_record=next_record)
        )
        self.last_version = int(answer.last_version)
        self._records = self._stub.Records(
            lb.RecordsRequest(model=model, first_record=next_record), metadata=self._metadata
        )
        threading.Thread(target=self._read, name="rlsys-records", daemon=True).start()

    def take(self, timeout: float) -> Piece | None:
        """Return the next piece, or None if none comes within `timeout` seconds.

        Raises:
            FrontLost: it has gone away.
        """
        try:
            found = self._pieces.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(found, BaseException):
            raise FrontLost(f"the server's front has gone away: {found}") from found
        return found

    def publish(self, version: Version) -> None:
        """Give the front a new version.

        Raises:
            FrontLost: it has gone away.
        """
        state = lb.ModelState(
            model=self._model,
            version=version.number,
            header=version.layout.header,
            tensors=version.layout.messages(),
            data=version.data,
            exploration=version.exploration,
        )
        self._call(self._stub.Publish, parts_of(state.SerializeToString()))

    def report(self, progress: Progress) -> lb.ReportResponse:
        """Tell the front how far the learner is.

        Raises:
            FrontLost: it has gone away.
        """
        request = lb.ReportRequest(
            model=self._model,
            saved_record=progress.saved_record,
            taken_record=progress.taken_record,
            steps_learned=progress.learned,
            steps_stale=progress.stale,
            episodes=progress.episodes,
            mean_return=progress.mean_return,
        )
        answer: lb.ReportResponse = self._call(self._stub.Report, request)
        return answer

    def close(self) -> None:
        """End the connection."""
        self._records.cancel()
        self._channel.close()

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, metadata=self._metadata, timeout=60.0)
        except grpc.RpcError as error:
            raise FrontLost(f"the server's front has gone away: {error.details()}") from error

    def _read(self) -> None:
        assembler = Assembler(_MOST_RECORD_BYTES)
        try:
            for part in self._records:
                message = assembler.take(part)
                if message is not None:
                    self._pieces.put(piece_of(lb.JournalRecord.FromString(message)))
            self._pieces.put(EOFError("it has ended the stream of records"))
        except (grpc.RpcError, ValueError) as error:  # a WireError is a ValueError
            self._pieces.put(error)
