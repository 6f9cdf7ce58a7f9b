"""Figures within sentences: docs/measured/sentences.yaml says what must stand in which page.

A figure is named in braces, by the words of `figures`. Line breaks do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from measured.figures import figure
from measured.results import KEPT, Results, TableError

FILE = KEPT / "sentences.yaml"
_NAMED = re.compile(r"\{([^{}]+)\}")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


class Said(NamedTuple):
    """A figure in a page.

    Attributes:
        start: where it stands in the page's text, up to `end`.
        figure: what should stand there.
        words: the name of the figure.
    """

    start: int
    end: int
    figure: str
    words: str


def sentences(root: Path) -> dict[str, list[str]]:
    """Return the sentences by page; an empty dictionary where there is no such file."""
    file = root / FILE
    if not file.is_file():
        return {}
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(told, dict) or not all(
        isinstance(one, str) for lines in told.values() for one in lines
    ):
        raise TableError(f"{FILE} is not a list of sentences for each page")
    return {str(page): list(lines) for page, lines in told.items()}


def said(results: Results, sentence: str, text: str) -> Iterator[Said]:
    """Yield the figures of a sentence where they stand in a page's text."""
    # Odd parts are the names of figures.
    parts = _NAMED.split(sentence)
    names = parts[1::2]
    figures = [figure(results, words) for words in names]
    pattern = _plain(parts[0])
    for number, after in zip(figures, parts[2::2], strict=True):
        pattern += f"({_shape(number)}){_plain(after)}"
    found = list(re.finditer(rf"(?<![\w.]){pattern}", text))
    if len(found) != 1:
        there = "is not in the page" if not found else f"stands {len(found)} times in the page"
        raise TableError(f"a sentence of {FILE} {there}: {sentence}")
    for group, (number, words) in enumerate(zip(figures, names, strict=True), 1):
        yield Said(*found[0].span(group), number, words)


def _shape(number: str) -> str:
    """Return what matches any figure of the same form."""
    parts = _NUMBER.split(number)
    return _NUMBER.pattern.join(_plain(part) for part in parts)


def _plain(text: str) -> str:
    return re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(text))
