"""FILE on the command line: a file, or the name of a published instance."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from rlsys.errors import UserError

if TYPE_CHECKING:
    from rlsys_jobshop.formats import Format
    from rlsys_jobshop.problem import Instance


def load(file: str, format: Format | None = None, *, first_machine: int | None = None) -> Instance:
    """Return the instance of a file or, where there is none, the published one of that name.

    Args:
        file: path, or a name such as ``ft10``.
        format, first_machine: how to read a file; see `rlsys_jobshop.formats.read_instance`.

    Raises:
        UserError: there is neither, or the file is wrong.
    """
    from rlsys_jobshop.formats import read_instance
    from rlsys_jobshop.instances import classic, classic_names

    path = Path(file)
    if path.exists() or path.suffix or len(path.parts) != 1:
        return read_instance(path, format, first_machine=first_machine)
    if format is not None or first_machine is not None:
        raise UserError(f"{file}: there is no such file; a format needs one")
    try:
        return classic(file)
    except UserError as error:
        near = difflib.get_close_matches(file.lower(), classic_names(), n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise UserError(
            f"{file}: there is no such file, and no published instance of that name{hint}; "
            "`rlsys jobshop instances` lists them"
        ) from error
