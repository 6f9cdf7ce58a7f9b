"""Asks a server how it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict

from rlsys.errors import UserError
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.v1.trainer_pb2_grpc import TrainerStub
from rlsys_distributed.wire.calls import CHANNEL_OPTIONS, metadata


def ask_status(server: str, token_file: Path | None, ca: Path | None) -> dict[str, Any]:
    """Return a server's status as JSON types.

    Raises:
        UserError: there is none, or it refuses.
    """
    token = os.environ.get("RLSYS_TOKEN") or None
    try:
        if token_file is not None:
            token = token_file.read_text(encoding="utf-8").strip()
        trusted = None if ca is None else ca.read_bytes()
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read: {error.strerror}") from error
    if trusted is None:
        channel = grpc.insecure_channel(server, CHANNEL_OPTIONS)
    else:
        channel = grpc.secure_channel(
            server, grpc.ssl_channel_credentials(trusted), CHANNEL_OPTIONS
        )
    with channel:
        try:
            answer = TrainerStub(channel).Status(
                pb.StatusRequest(), metadata=metadata(token), timeout=10.0
            )
        except grpc.RpcError as error:
            raise UserError(f"{server}: {error.details() or error.code().name}") from error
    found: dict[str, Any] = MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    # JSON knows no 64-bit integers, so protobuf writes them as text; none of ours is that large.
    numbers: dict[str, Any] = _numbers(found)
    return numbers


def status_table(answer: dict[str, Any]) -> str:
    """Return a status as text."""
    lines = [f"{answer['software']}, up {answer['uptime_seconds']:.0f} s"]
    for model in answer["models"]:
        lines.append(
            f"{model['name']}  {model['algorithm']}  {model['state']}  version {model['version']}  "
            f"episodes {model['episodes']}  mean return {model['mean_return']}"
        )
        if model["problem"]:
            lines.append(f"  problem: {model['problem']}")
        lines.append(
            f"  steps: received {model['steps_received']}, learned {model['steps_learned']}, "
            f"waiting {model['steps_waiting']}, too old {model['steps_stale']}, dropped "
            f"{model['steps_dropped']}, bad {model['steps_bad']}; journal "
            f"{model['journal_bytes']} bytes"
        )
        lines += [
            f"  {client['client_id']}: {'connected' if client['connected'] else 'gone'}, "
            f"{client['steps']} steps, heard {client['silent_seconds']:.0f} s ago"
            for client in model["clients"]
        ]
    return "\n".join(lines)


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: int(v)
            if isinstance(v, str) and (key.startswith("steps") or key in _COUNTS)
            else _numbers(v)
            for key, v in value.items()
        }
    return [_numbers(v) for v in value] if isinstance(value, list) else value


_COUNTS = ("version", "journal_bytes", "episodes", "refused_calls")
