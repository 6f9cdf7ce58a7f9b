"""Where a table stands in a page: between two comments that no reader of the page sees.

    <!-- table: comparison default normal -->
    <!-- table: ahead default normal -->
    <!-- table: cells
    rows: default normal | default stressed
    columns: learned reward interval | learned share 0
    -->

each up to ``<!-- end of table -->``. A line of a marker that begins with a blank goes on with the
one before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from measured.blocks import ahead, cells, comparison
from measured.results import Results, TableError

END = "<!-- end of table -->"
_BEGIN = re.compile(r"<!-- *table\b")
_WHOLE = {"comparison": comparison, "ahead": ahead}


class Marked(NamedTuple):
    """A marked table of a page.

    Attributes:
        line: where its marker begins, counted from 1.
        marker: what the marker says.
        begin: index of the first line after the marker.
        end: index of the end marker's line.
    """

    line: int
    marker: str
    begin: int
    end: int


def marked(lines: list[str]) -> Iterator[Marked]:
    """Yield the marked tables of a page; a fault is a `TableError` that begins with the line."""
    index = 0
    while index < len(lines):
        first = index
        index += 1
        if lines[first].strip() == END:
            raise TableError(f"{first + 1}: an end of a table without its beginning")
        if not _BEGIN.match(lines[first]):
            continue
        last = next((i for i in range(first, len(lines)) if "-->" in lines[i]), None)
        stop = (i for i in range(first + 1, len(lines)) if _BEGIN.match(lines[i]))
        limit = next(stop, len(lines))
        if last is None or last >= limit:
            raise TableError(f"{first + 1}: the marker of a table does not end with '-->'")
        end = next((i for i in range(last + 1, limit) if lines[i].strip() == END), None)
        if end is None:
            raise TableError(f"{first + 1}: the table has no end: {END}")
        marker = "\n".join(lines[first : last + 1]).removeprefix("<!--").partition("-->")[0]
        yield Marked(first + 1, marker.strip(), last + 1, end)
        index = end + 1


def written(results: Results, marker: str, page: list[str]) -> list[str]:
    """Return the lines that a marker asks for.

    Args:
        page: what stands there now, without empty lines at its ends.
    """
    name, _, told = marker.partition(":")
    kind, *words = told.splitlines()[0].split() if name == "table" and told.strip() else [""]
    if kind in _WHOLE:
        if len(words) != 2:
            raise TableError(f"'{marker}' is not 'table: {kind} RESULT CASE'")
        result, case = words
        return _WHOLE[kind](results.document(result, case), case)
    if kind == "cells":
        # A line that begins with a blank goes on with the one before.
        lines = re.sub(r"\n[ \t]+", " ", told).splitlines()[1:]
        given = dict(_setting(line) for line in lines if line.strip())
        if given.keys() != {"rows", "columns"} or words:
            raise TableError("a table of cells has two lines, 'rows: ...' and 'columns: ...'")
        return cells(results, given["rows"], given["columns"], page)
    raise TableError(f"unknown kind of table {kind!r}; there are {', '.join(_WHOLE)}, cells")


def _setting(line: str) -> tuple[str, list[str]]:
    key, _, value = line.partition(":")
    return key.strip(), [part.strip() for part in value.split("|")]
