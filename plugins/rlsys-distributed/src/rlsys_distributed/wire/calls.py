"""What every call has in common: metadata, and how a peer that is gone is noticed."""

from __future__ import annotations

PROTOCOL = "1"
PROTOCOL_KEY = "rlsys-protocol"
SESSION_KEY = "rlsys-session"

ADDRESS, TOKEN = "RLSYS_DISTRIBUTED_FRONT", "RLSYS_DISTRIBUTED_TOKEN"
"""Environment variables that the front gives to a learner: where it listens, and its token."""

KEEPALIVE_SECONDS = 20
KEEPALIVE_TIMEOUT_SECONDS = 10
MOST_MESSAGE_BYTES = 2 * 1024 * 1024
"""Of one gRPC message; a part is well below it."""

_COMMON = (
    ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", MOST_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MOST_MESSAGE_BYTES),
)
CHANNEL_OPTIONS = (
    *_COMMON,
    ("grpc.use_local_subchannel_pool", 1),
    (
        "grpc.service_config_disable_resolution",
        1,
    ),  # nothing is asked of a name server but addresses
)
INNER_OPTIONS = (*CHANNEL_OPTIONS, ("grpc.enable_http_proxy", 0))
"""From a learner to its front, which no proxy of the user's lies between."""
SERVER_OPTIONS = (
    *_COMMON,
    ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_SECONDS * 500),
    ("grpc.so_reuseport", 0),
)


def metadata(token: str | None, session: str = "") -> tuple[tuple[str, str], ...]:
    """Return the metadata of a call."""
    found = [(PROTOCOL_KEY, PROTOCOL)]
    if token is not None:
        found.append(("authorization", f"Bearer {token}"))
    if session:
        found.append((SESSION_KEY, session))
    return tuple(found)
