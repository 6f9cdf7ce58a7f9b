"""Pieces of Rust text, laid out as rustfmt would."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 100
_CALL_WIDTH = 60
"""rustfmt's limit for arguments on one line (``use_small_heuristics = "Default"``)."""


def call(indent: int, head: str, arguments: Sequence[str], tail: str = ";") -> str:
    """Return a call as a statement: on one line where rustfmt would leave it there."""
    pad = " " * indent
    inside = ", ".join(arguments)
    line = f"{pad}{head}({inside}){tail}"
    if len(inside) <= _CALL_WIDTH and len(line) <= WIDTH:
        return line
    rows = "".join(f"{pad}    {argument},\n" for argument in arguments)
    return f"{pad}{head}(\n{rows}{pad}){tail}"


def string(text: str) -> str:
    """Return a string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in escaped)
    return f'"{escaped}"'


def comment(text: str, mark: str = "//!") -> str:
    """Return `text` as comment lines; paragraphs are separated by blank lines."""
    paragraphs = text.strip().split("\n\n")
    blocks = [
        "\n".join(
            f"{mark} {line}"
            for line in textwrap.wrap(
                " ".join(paragraph.split()),
                WIDTH - len(mark) - 1,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
        for paragraph in paragraphs
    ]
    return f"\n{mark}\n".join(blocks)


def filled(items: Iterable[str], indent: int = 4) -> str:
    """Return `items` with commas, as many on a line as fit."""
    lines: list[str] = []
    line = ""
    for item in items:
        if line and indent + len(line) + len(item) + 2 > WIDTH:
            lines.append(line)
            line = ""
        line += f"{' ' if line else ''}{item},"
    return "\n".join(" " * indent + text for text in [*lines, line])


def started(start: int, chosen: str) -> str:
    """Return the expression of an action that is counted from `start`."""
    return f"{start} + {chosen}" if start else chosen
