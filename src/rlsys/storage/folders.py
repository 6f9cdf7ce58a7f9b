"""Lists the files in a folder, without the caches of build tools."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_TAG = "CACHEDIR.TAG"
_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"


def files_below(directory: Path) -> list[Path]:
    """Return all files and links below `directory`, sorted.

    A folder that is marked as a cache counts as empty. The mark is that of the Cache Directory
    Tagging Specification: a file CACHEDIR.TAG that begins with a fixed signature.
    """
    found: list[Path] = []
    for folder, subfolders, names in os.walk(directory):
        here = Path(folder)
        subfolders[:] = [name for name in subfolders if not _is_cache(here / name)]
        linked = [name for name in subfolders if (here / name).is_symlink()]
        found += [here / name for name in (*names, *linked)]
    return sorted(found)


def _is_cache(folder: Path) -> bool:
    tag = folder / CACHE_TAG
    if not tag.is_file():
        return False
    with tag.open("rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE
