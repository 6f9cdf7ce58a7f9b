"""Asks a server how it is."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict

from rlsys.errors import UserError
from rlsys_distributed.client.link import channel_to
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.v1.trainer_pb2_grpc import TrainerStub
from rlsys_distributed.wire.calls import metadata

_SECONDS_TO_ANSWER = 10.0
_COUNTS = ("version", "journal_bytes", "episodes", "refused_calls")


class ServerStatus:
    """Asks one server, as often as one likes; a context manager.

    Args:
        server: ``HOST:PORT``.
        token: what the server asks for, or None.
        credentials: for TLS; None: plain text.
    """

    def __init__(
        self, server: str, token: str | None, credentials: grpc.ChannelCredentials | None
    ) -> None:
        self._server = server
        self._token = token
        self._channel = channel_to(server, credentials)

    def __enter__(self) -> ServerStatus:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    def ask(self) -> dict[str, Any]:
        """Return the status as JSON types.

        Raises:
            UserError: there is no server, or it refuses.
        """
        try:
            answer = TrainerStub(self._channel).Status(
                pb.StatusRequest(), metadata=metadata(self._token), timeout=_SECONDS_TO_ANSWER
            )
        except grpc.RpcError as error:
            raise UserError(f"{self._server}: {error.details() or error.code().name}") from error
        found: dict[str, Any] = MessageToDict(
            answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        # JSON knows no 64-bit integers, so protobuf writes them as text; none of ours is that
        # large.
        numbers: dict[str, Any] = _numbers(found)
        return numbers


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: int(v)
            if isinstance(v, str) and (key.startswith("steps") or key in _COUNTS)
            else _numbers(v)
            for key, v in value.items()
        }
    return [_numbers(v) for v in value] if isinstance(value, list) else value
