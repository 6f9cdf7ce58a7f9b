"""Replaces files atomically: a reader sees either the old content or the new, never a mix."""

from __future__ import annotations

import os
from pathlib import Path

PARTIAL = ".part"
"""Suffix of the temporary file next to it; a kill may leave one behind."""


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """Replace `path` by `content`; it is on disk before this returns.

    Args:
        path: the file; its folder must exist.
        content: text is written as UTF-8.
        mode: permissions, reduced by the process's umask.

    Raises:
        OSError: for example, the disk is full; the old file is unchanged and nothing is left
            next to it.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    partial = path.with_name(path.name + PARTIAL)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(partial, flags, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Write the names in `folder` to disk.

    Raises:
        OSError: it cannot be opened, or the disk fails.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
