"""A whole page, and all pages of a checkout, as the results would have them; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from measured.markers import marked, written
from measured.results import Results, TableError
from measured.sentences import said, sentences


class Page(NamedTuple):
    """A page as the results would have it.

    Attributes:
        text: the whole page.
        differences: a line for each table and sentence that says something else, with its place.
    """

    text: str
    differences: list[str]


def pages(root: Path) -> Iterator[Path]:
    """Yield the pages that may have measured figures."""
    yield from [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    yield from sorted(root.glob("plugins/*/README.md"))


def filled(results: Results, name: str, text: str, told: list[str]) -> Page:
    """Return a page with its tables and sentences filled in.

    Args:
        name: of the page, for messages.
        told: its sentences.
    """
    lines, differences = text.splitlines(), []
    try:
        found = list(marked(lines))
    except TableError as error:
        raise TableError(f"{name}:{error}") from None
    for table in reversed(found):  # so that the places of the others hold
        there = lines[table.begin : table.end]
        try:
            body = [line for line in there if line.strip()]
            wanted = ["", *written(results, table.marker, body), ""]
        except TableError as error:
            raise TableError(f"{name}:{table.line}: {error}") from None
        for offset, (old, new) in enumerate(zip_longest(there, wanted)):
            if old != new:
                place = f"{name}:{table.begin + min(offset, len(there)) + 1}"
                differences.append(f"{place}: the table says {old!r}, the results give {new!r}")
                break
        lines[table.begin : table.end] = wanted
    text = "\n".join(lines) + "\n"
    for sentence in told:
        try:
            figures = list(said(results, sentence, text))
        except TableError as error:
            raise TableError(f"{name}: {error}") from None
        for one in reversed(figures):
            old = text[one.start : one.end]
            if old.split() != one.figure.split():
                line = text.count("\n", 0, one.start) + 1
                differences.append(
                    f"{name}:{line}: the sentence says {' '.join(old.split())!r}, "
                    f"the results give {one.figure!r} ({one.words})"
                )
                text = text[: one.start] + one.figure + text[one.end :]
    return Page(text, differences)


def all_filled(root: Path) -> dict[Path, Page]:
    """Return every page of a checkout, filled in; nothing is written."""
    results, told = Results(root), sentences(root)
    found = {}
    for path in pages(root):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        found[path] = filled(results, name, text, told.pop(name, []))
    if told:
        raise TableError(f"sentences are told of pages that are not there: {', '.join(told)}")
    return found
