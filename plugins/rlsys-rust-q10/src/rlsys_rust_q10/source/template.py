"""Fills the holes in the files of ``templates``, which hold the fixed Rust text.

A hole is written ``$name`` or ``${name}``, as in `string.Template`. A hole with a line to itself is
replaced by all lines of its text, indented like the hole; an empty text removes the line.
"""

from __future__ import annotations

import re
import textwrap
from importlib.resources import files
from string import Template

_LINE = re.compile(r"^( *)\$(\w+)\n", re.MULTILINE)


def fill(template: str, /, **holes: object) -> str:
    """Return `template`, a path below ``templates``, filled, without its last line break.

    Args:
        holes: the text for each hole.

    Raises:
        KeyError: a hole has no text.
    """
    path = files("rlsys_rust_q10.source") / "templates" / template

    def whole_lines(found: re.Match[str]) -> str:
        text = str(holes[found[2]]).replace("$", "$$")
        return textwrap.indent(f"{text}\n", found[1]) if text else ""

    text = _LINE.sub(whole_lines, path.read_text(encoding="utf-8"))
    return Template(text).substitute(holes).removesuffix("\n")
