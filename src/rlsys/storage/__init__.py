"""Storage: files written whole or not at all, archives of arrays, nested state, hashes.

Every package may import from here.  Nothing in here knows what the files mean.
"""

from __future__ import annotations

from rlsys.storage.atomic import write_atomically
from rlsys.storage.folders import files_below
from rlsys.storage.hashing import file_hash

__all__ = ["file_hash", "files_below", "write_atomically"]
