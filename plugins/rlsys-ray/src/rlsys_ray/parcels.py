"""Files of work units in transit between machines without a shared disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rlsys.errors import UserError
from rlsys.storage.atomic import PARTIAL, write_atomically
from rlsys.training import NETWORK_FILE

Key = tuple[int, str]
"""The index of the folder, and the path in it, with slashes."""

Parcel = Mapping[Key, bytes]
"""Contents of files, in the order in which they must be written."""


class Folders:
    """Some folders, and which of their files have already been packed.

    Args:
        paths: paths of the folders; they need not exist.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._packed: dict[Key, tuple[int, int, int]] = {}

    def pack(self) -> dict[Key, bytes]:
        """Return the files that are new or were replaced since the last time."""
        parcel: dict[Key, bytes] = {}
        for key, path in sorted(self._files().items(), key=lambda item: _place(item[0])):
            status = path.stat()
            mark = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self._packed.get(key) != mark:
                self._packed[key] = mark
                parcel[key] = path.read_bytes()
        return parcel

    def unpack(self, parcel: Parcel) -> None:
        """Write files, each completely or not at all; they then count as packed.

        Raises:
            UserError: a file cannot be written.
        """
        for key, content in parcel.items():
            path = self.paths[key[0]] / key[1]
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, content)
            except OSError as error:
                raise UserError(
                    f"{path}: cannot be written: {error.strerror}; free space and continue with "
                    "--resume"
                ) from error
            status = path.stat()
            self._packed[key] = (status.st_ino, status.st_size, status.st_mtime_ns)

    def _files(self) -> dict[Key, Path]:
        return {
            (index, path.relative_to(folder).as_posix()): path
            for index, folder in enumerate(self.paths)
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != PARTIAL
        }


def _place(key: Key) -> tuple[bool, int, bool, str]:
    """Return the position of a file in the order of writing.

    This is the order in which a training writes them: ``last``, from which it resumes, after the
    other checkpoints; then the mark of a finished agent; finally the mark of a finished training.
    """
    parts = key[1].split("/")
    return (key[1] == NETWORK_FILE, -len(parts), "last" in parts, key[1])
