"""Read a text of one of the three formats, or find out which one it is.

A line ``# format: standard`` (or ``taillard``, ``fjs``) decides. Otherwise a text with the titles
``Times`` and ``Machines`` is Taillard's, and any other text is whichever format it fits. If it fits
several:

1. twice as many lines as jobs: Taillard;
2. three numbers in the header: flexible;
3. every job visits every machine once when read as standard text: standard;
4. otherwise: flexible.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import ModuleType
from typing import Literal

from rlsys.errors import UserError
from rlsys_jobshop.formats.text import fjs, standard, taillard
from rlsys_jobshop.formats.text.lines import Line, lines_of, sizes
from rlsys_jobshop.formats.text.listing import Listing, describe, first_machine
from rlsys_jobshop.problem import Description

TextFormat = Literal["standard", "taillard", "fjs"]
MODULES: dict[TextFormat, ModuleType] = {"standard": standard, "taillard": taillard, "fjs": fjs}
MARK = re.compile(r"^[ \t]*#[ \t]*format:[ \t]*(\w+)[ \t]*$", re.MULTILINE)


def read(
    text: str, name: str, source: str, form: TextFormat | None, first: int | None
) -> Description:
    """Return the problem of a text.

    Args:
        name: of the instance.
        source: name of the file in messages.
        form: its format; None: find out.
        first: number of the first machine, 0 or 1; None: find out.

    Raises:
        UserError: it does not fit the format; names line, job, operation and field.
    """
    lines = lines_of(text)
    if not lines:
        raise UserError(f"{source}: holds nothing but comments")
    form = form or marked(text)
    if form is None:
        form = recognise(lines, first)
    listing, number = _read_as(form, lines, source, first)
    return describe(listing, number, name, source)


def marked(text: str) -> TextFormat | None:
    """Return the format that a comment names."""
    names = MARK.findall(text.replace("\r", "\n"))
    return next((form for name in names for form in MODULES if form == name), None)


def recognise(lines: Sequence[Line], first: int | None = None) -> TextFormat:
    """Return the format that the lines fit; if they fit none, the one that they come nearest to."""
    if _titled(lines):
        return "taillard"
    fitting: dict[TextFormat, Listing] = {}
    for form in MODULES:
        try:
            fitting[form] = _read_as(form, lines, "", first)[0]
        except UserError:
            continue
    if not fitting:
        return _nearest(lines)
    if len(fitting) == 1:
        return next(iter(fitting))
    if "taillard" in fitting and len(lines) - 1 == 2 * len(fitting["taillard"].jobs):
        return "taillard"
    if "fjs" not in fitting or (
        len(lines[0].words) == 2 and ("standard" in fitting and fitting["standard"].is_classic)
    ):
        return "standard"
    return "fjs"


def has_titles(text: str) -> bool:
    """Whether a text has one of the titles of Taillard's specification."""
    return _titled(lines_of(text))


def _titled(lines: Sequence[Line]) -> bool:
    return any(taillard.block_title(line) or taillard.is_title(line) for line in lines)


def _read_as(
    form: TextFormat, lines: Sequence[Line], source: str, first: int | None
) -> tuple[Listing, int]:
    module = MODULES[form]
    listing: Listing = module.parse(lines, source)
    return listing, first_machine(listing, source, module.FIRST_MACHINE, first)


def _nearest(lines: Sequence[Line]) -> TextFormat:
    """Return the format in which the user meant to write, for the message."""
    words = len(lines[0].words)
    try:
        jobs, _ = sizes(lines[0].words, lines[0].number, "")
    except UserError:
        return "standard"
    if words == 3:
        return "fjs"
    if len(lines) - 1 == 2 * jobs or 4 <= words <= 6:
        return "taillard"
    fits = {form: sum(_fits(form, lines[0], line) for line in lines[1:]) for form in MODULES}
    return "fjs" if fits["fjs"] > fits["standard"] else "standard"


def _fits(form: TextFormat, header: Line, line: Line) -> bool:
    """Whether a line is a job."""
    one = Line(header.number, ("1", header.words[1]))
    try:
        _read_as(form, [one, line], "", None)
    except UserError:
        return False
    return True
