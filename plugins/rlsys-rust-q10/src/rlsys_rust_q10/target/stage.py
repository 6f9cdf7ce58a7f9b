"""A fixed folder to compile in: only changes are recompiled, and image sizes stay the same.

Cargo recognises compiled sources by their path, and rustc derives symbol names from it. So every
export is first copied to the same folder of the user's cache. The crates that all exports share are
compiled once, and the image does not depend on where the export lies.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_dir

from rlsys.errors import UserError
from rlsys.storage import files_below
from rlsys_rust_q10.target.toolchain import Toolchain

SOURCES = "sources"
TARGET_DIRECTORY = "target"


@contextlib.contextmanager
def staged(project: Path, toolchain: Toolchain) -> Iterator[Path]:
    """Yield the compiler's folder, locked for `project`.

    It contains ``sources``, a copy of `project`, and ``target``, what was compiled so far. Files of
    the copy with the same content keep their times, which tell cargo what to compile again.

    Raises:
        UserError: the cache cannot be written.
    """
    folder = _folder(toolchain)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise _unwritable(folder, error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _mirror(project, folder / SOURCES)
        except OSError as error:
            raise _unwritable(folder, error) from error
        yield folder


def _folder(toolchain: Toolchain) -> Path:
    identity = repr((toolchain.cargo, toolchain.version, sorted(toolchain.environment.items())))
    name = hashlib.sha256(identity.encode()).hexdigest()[:12]
    return Path(user_cache_dir("rlsys", appauthor=False)) / "rust" / name


def _mirror(source: Path, target: Path) -> None:
    """Make `target` equal to `source` without touching files that are equal already."""
    wanted = {name: source / name for name in _files(source)}
    for name in set(_files(target)) - set(wanted):
        (target / name).unlink()
    for name, path in wanted.items():
        copy = target / name
        if copy.is_file() and copy.read_bytes() == path.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        # Not copy2: cargo compiles a file again if it is newer than the last result, and an older
        # export may still differ from what was compiled last.
        shutil.copyfile(path, copy)


def _files(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in files_below(root)]


def _unwritable(folder: Path, error: OSError) -> UserError:
    return UserError(
        f"{folder}: cannot be written ({error.strerror or error}); free space, or set "
        "XDG_CACHE_HOME to a folder of your own"
    )
