"""Files in and out, with every failure as one line for the user."""

from __future__ import annotations

from pathlib import Path

from rlsys.errors import UserError
from rlsys.storage.atomic import write_atomically

DOS_END = "\x1a"
"""Files from DOS end with it."""


def read_text(path: Path) -> str:
    """Return the text of a file, without a byte order mark.

    Raises:
        UserError: missing, a folder, unreadable, empty, binary, or not UTF-8.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(f"{path}: is UTF-16 text; save it as UTF-8")
    if b"\0" in data:
        raise UserError(f"{path}: is a binary file, not text; unpack or export it first")
    try:
        text = data.decode("utf-8-sig").rstrip(DOS_END)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{path}: line {line}: is not UTF-8 text; save it as UTF-8") from error
    if not text.strip():
        raise UserError(f"{path}: is empty")
    return text


def write_text(path: Path, text: str) -> None:
    """Write the file whole, or leave the old one.

    Raises:
        UserError: it cannot be written.
    """
    try:
        write_atomically(path, text)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error
