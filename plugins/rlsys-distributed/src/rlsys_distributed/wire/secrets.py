"""Tokens and certificates from files, as both sides read them."""

from __future__ import annotations

import os
from pathlib import Path

from rlsys.errors import UserError


def token_of(file: Path | None) -> str | None:
    """Return the first line of a file, else the variable ``RLSYS_TOKEN``, or None.

    Raises:
        UserError: the file cannot be read, or its first line is empty.
    """
    if file is None:
        return os.environ.get("RLSYS_TOKEN") or None
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UserError(f"token_file {file}: cannot be read: {reason}") from error
    token = text.partition("\n")[0].strip()
    if not token:
        raise UserError(f"token_file {file}: is empty; write the token into its first line")
    return token


def read_pem(file: Path | None, name: str) -> bytes | None:
    """Return what is in a certificate or key; None stays None.

    gRPC takes an empty file for none: it would then trust every authority of the system, or ask no
    client for a certificate.

    Args:
        name: the setting, for messages; its last part says what must be in the file.

    Raises:
        UserError: the file cannot be read, or has something else in it.
    """
    if file is None:
        return None
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"{name}: {file} cannot be read: {error.strerror}") from error
    what = "private key" if name.endswith("key") else "certificate"
    if f"{what.upper()}-----".encode() not in data:
        raise UserError(f"{name}: {file} has no {what} in PEM")
    return data
