"""Pieces of Rust text, laid out as rustfmt would."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 100
_CALL_WIDTH = 60
"""rustfmt's limit for the arguments on one line (``use_small_heuristics = "Default"``)."""
_INDENT = 4
"""Blanks before a statement in a function."""


def call(head: str, arguments: Sequence[str]) -> str:
    """Return a call as a statement, on one line or several as rustfmt would."""
    inside = ", ".join(arguments)
    line = f"{head}({inside});"
    if len(inside) <= _CALL_WIDTH and _INDENT + len(line) <= WIDTH:
        return line
    rows = "".join(f"    {argument},\n" for argument in arguments)
    return f"{head}(\n{rows});"


def assigned(head: str, value: str) -> str:
    """Return ``head = value;``, on two lines if one is too long."""
    line = f"{head} = {value};"
    return line if len(line) <= WIDTH else f"{head} =\n    {value};"


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
    """Return `items` with commas, as many per line as fit after `indent` blanks."""
    lines: list[str] = []
    line = ""
    for item in items:
        if line and indent + len(line) + len(item) + 2 > WIDTH:
            lines.append(line)
            line = ""
        line += f"{' ' if line else ''}{item},"
    return "\n".join([*lines, line])


def counted_from(start: int) -> str:
    """Return what to put before the index of an action: ``start + ``, or nothing for 0."""
    return f"{start} + " if start else ""
