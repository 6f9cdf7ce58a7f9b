"""One file of arrays with a JSON header, the format of networks and checkpoints.

It is a NumPy ``.npz``. Nothing is pickled or unpickled, and it is written whole or not at all.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys.storage.atomic import write_atomically

_HEADER = "header"


def write_archive(path: Path, header: Any, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `header` (JSON values) and `arrays` to `path`; a crash leaves the old or the new file.

    Raises:
        OSError: it cannot be written.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **{_HEADER: np.array(json.dumps(header)), **arrays})  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def read_archive(path: Path, kind: str) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Return the header and arrays of a file; `kind` says what it should be, for messages.

    Raises:
        UserError: the file is missing, truncated, or of another kind.
    """
    try:
        # np.load would also accept a .npy file, which is not a zip archive.
        if not zipfile.is_zipfile(path) and path.exists():
            raise ValueError("it is not a zip archive of arrays")
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        return json.loads(str(arrays.pop(_HEADER))), arrays
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such {kind} file") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path}: not a readable {kind} file: {error}") from error
