"""Fills the holes of the files in ``templates``: fixed Rust text, which reads as such.

A hole is written ``$name`` or ``${name}``, as in `string.Template`. One that has a line to itself
takes as many lines as its text has, each indented like the hole; an empty text removes the line.
"""

from __future__ import annotations

import re
import textwrap
from importlib.resources import files
from string import Template

_LINE = re.compile(r"^( *)\$(\w+)\n", re.MULTILINE)


def fill(template: str, /, **holes: object) -> str:
    """Return the text of `template`, a path below ``templates``, without the last line break.

    Args:
        holes: what goes into each hole.

    Raises:
        KeyError: a hole that `holes` does not name.
    """
    path = files("rlsys_rust_q10.source") / "templates" / template

    def whole_lines(found: re.Match[str]) -> str:
        text = str(holes[found[2]]).replace("$", "$$")
        return textwrap.indent(f"{text}\n", found[1]) if text else ""

    text = _LINE.sub(whole_lines, path.read_text(encoding="utf-8"))
    return Template(text).substitute(holes).removesuffix("\n")
