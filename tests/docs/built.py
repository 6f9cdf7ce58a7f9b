"""The documentation as a reader gets it: built HTML and its inventory, not what it is made from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag
from pages import DOCS
from sphinx.util.inventory import InventoryFile


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build as `tox -e docs` does: every warning is an error, and all of them are shown."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    return subprocess.run(
        [*command, source, target], capture_output=True, text=True, env=_environment(), timeout=600
    )


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("RLSYS_")}
    return {**own, "OMP_NUM_THREADS": "1"}


def small_project(folder: Path, pages: dict[str, str], settings: str = "") -> Path:
    """Write documentation of a few pages that is built with our own configuration."""
    folder.mkdir()
    shutil.copytree(DOCS / "_ext", folder / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    configuration = (DOCS / "conf.py").read_text(encoding="utf-8")
    (folder / "conf.py").write_text(f"{configuration}\n{settings}\n", encoding="utf-8")
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class Site:
    """A built documentation.

    Attributes:
        folder: of its HTML.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, BeautifulSoup] = {}
        self._anchors: dict[Path, set[str]] = {}

    @cached_property
    def inventory(self) -> dict[str, dict[str, str]]:
        """Return, by kind and name, where each documented thing is, as ``page.html#anchor``."""
        data = InventoryFile.loads((self.folder / "objects.inv").read_bytes(), uri="")
        return {
            kind: {name: item.uri for name, item in items.items()}
            for kind, items in data.data.items()
        }

    @cached_property
    def pages(self) -> list[Path]:
        """Return all pages."""
        return sorted(self.folder.rglob("*.html"))

    def soup(self, page: Path) -> BeautifulSoup:
        """Return a page, parsed."""
        if page not in self._read:
            self._read[page] = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        return self._read[page]

    def anchors(self, page: Path) -> set[str]:
        """Return the places in a page that a link can lead to."""
        if page not in self._anchors:
            self._anchors[page] = {str(tag["id"]) for tag in self.soup(page).find_all(id=True)}
        return self._anchors[page]

    def entry(self, kind: str, name: str) -> tuple[str, str]:
        """Return the signature of a documented thing, and what is said about it."""
        page, _, anchor = self.inventory[kind][name].partition("#")
        signature = self.soup(self.folder / page).find(id=anchor)
        assert isinstance(signature, Tag), f"{name}: no {anchor!r} in {page}"
        said = signature.find_next_sibling("dd")
        return text_of(signature), text_of(said) if isinstance(said, Tag) else ""


def text_of(tag: Tag) -> str:
    """Return the text of a tag with single blanks, without the marks of links to itself."""
    return " ".join(tag.get_text().replace("¶", "").split())


def dead_links(site: Site) -> list[str]:
    """Return the links to pages, files and anchors of `site` that are not there."""
    dead = []
    for page in site.pages:
        for link in site.soup(page).find_all("a", href=True):
            address = str(link["href"])
            if "://" in address or address.startswith("mailto:"):
                continue
            path, _, anchor = address.partition("#")
            target = (page.parent / unquote(path)).resolve() if path else page
            there = target.exists()
            if there and anchor and target.suffix == ".html":
                there = unquote(anchor) in site.anchors(target)
            if not there:
                dead.append(f"{page.name}: {address}")
    return dead
