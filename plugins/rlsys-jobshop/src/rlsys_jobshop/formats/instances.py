"""Read and write instances, whatever their format."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from rlsys.errors import UserError, did_you_mean
from rlsys_jobshop.formats import production
from rlsys_jobshop.formats.files import read_text, write_text
from rlsys_jobshop.formats.text import reading, writing
from rlsys_jobshop.problem import Instance, build

Format = Literal["standard", "taillard", "fjs", "production"]
FORMATS: tuple[Format, ...] = ("standard", "taillard", "fjs", "production")
SUFFIXES: dict[str, Format] = {
    ".fjs": "fjs",
    ".yaml": "production",
    ".yml": "production",
    ".json": "production",
}
KEY = re.compile(r"""\s*([{"']|---|[A-Za-z_]+\s*:(\s|$))""")
"""How the first line of a YAML or JSON document begins."""


def read_instance(
    path: str | Path, format: Format | None = None, *, first_machine: int | None = None
) -> Instance:
    """Read an instance.

    Without `format`, the suffix `.fjs`, `.yaml`, `.yml` or `.json` decides; then the content, by
    the rule in `rlsys_jobshop.formats.text.reading`.

    Args:
        path: the file.
        format: its format, instead of finding out.
        first_machine: 0 or 1, the number of the first machine in a text. Without it, a text with a
            machine 0 counts from 0, one with a machine m of m machines from 1, and if it has
            neither, standard text counts from 0, Taillard's and flexible text from 1.

    Raises:
        UserError: the file cannot be read, is malformed, or holds a problem that cannot be
            scheduled; one line that names file, line, job, operation and field.
    """
    path = Path(path)
    form = _format(format) or SUFFIXES.get(path.suffix.lower())
    if first_machine not in (None, 0, 1):
        raise UserError(f"first_machine: must be 0 or 1, not {first_machine!r}")
    text = read_text(path)
    if form is None and _has_keys(text):
        form = "production"
    if form == "production":
        if first_machine is not None:
            raise UserError(f"{path}: first_machine: only texts count machines from 0 or from 1")
        return build(production.read(text, path.stem, str(path)))
    return build(reading.read(text, path.stem, str(path), form, first_machine))


def write_instance(instance: Instance, path: str | Path, format: Format | None = None) -> None:
    """Write an instance whole, or leave the old file.

    Without `format`, the suffix decides as in `read_instance`; any other suffix means standard
    text. The production format is JSON in a file `.json`, and YAML otherwise.

    Raises:
        UserError: the format cannot express the problem, or the file cannot be written.
    """
    path = Path(path)
    form = _format(format) or SUFFIXES.get(path.suffix.lower(), "standard")
    if form == "production":
        text = production.write(instance, str(path), json=path.suffix.lower() == ".json")
    else:
        text = writing.write(instance, form, str(path))
    write_text(path, text)


def _format(name: str | None) -> Format | None:
    if name is None:
        return None
    known = next((form for form in FORMATS if form == name), None)
    if known is None:
        raise UserError(f"format {name!r} is unknown{did_you_mean(str(name), FORMATS)}")
    return known


def _has_keys(text: str) -> bool:
    """Whether a text is YAML or JSON: its first line that is no comment begins so."""
    lines = (line for line in text.splitlines() if line.strip() and line.strip()[0] != "#")
    return bool(KEY.match(next(lines, ""))) and not reading.has_titles(text)
