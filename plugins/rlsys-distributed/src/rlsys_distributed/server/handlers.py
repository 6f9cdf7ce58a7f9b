"""Services whose malformed messages are refused by the service itself, with a clean status code.

gRPC would answer a message that cannot be parsed with UNKNOWN, and write a traceback into the log
for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from rlsys_distributed.wire.errors import WireError

Parse = Callable[[bytes], Any]


class TolerantServer:
    """Stands in for the server in a generated ``add_..._to_server``."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, _: Any) -> None:
        """Leave them out: `add_registered_method_handlers` gets the same ones by name."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Add a service whose requests may be a `WireError` in place of a message."""
        tolerant = {
            name: handler._replace(request_deserializer=_tolerant(handler.request_deserializer))
            for name, handler in handlers.items()
        }
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, tolerant),)
        )


def sound(request: Any) -> Any:
    """Return a request.

    Raises:
        WireError: it could not be parsed.
    """
    if isinstance(request, WireError):
        raise request
    return request


def _tolerant(parse: Parse) -> Parse:
    def parsed(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError as error:
            return WireError(f"malformed message: {error}")

    return parsed
