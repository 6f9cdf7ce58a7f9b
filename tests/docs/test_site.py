"""The documentation builds without a warning, holds together, and fetches nothing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest
from pages import DOCS, ROOT, without_blocks

pytest.importorskip("sphinx", reason="pip install 'rlsys[docs]'")

from built import Site, build, dead_links, small_project

INDEX = "# Title\n\n```{toctree}\npage\n```\n"


def test_every_page_is_built_and_in_the_navigation(site):
    written = {
        str(page.relative_to(DOCS).with_suffix(""))
        for page in DOCS.rglob("*.md")
        if page.parent.name != "measured"
    }
    assert set(site.inventory["std:doc"]) == written
    links = site.soup(site.folder / "index.html").find(class_="sidebar-tree").find_all("a")
    assert {link["href"].removesuffix(".html") for link in links} == written - {"index"}


def test_no_link_is_dead(site):
    assert dead_links(site) == []


def test_the_page_for_contributors_is_the_file_at_the_root(site):
    page = site.soup(site.folder / "contributing.html").find("article")
    shown = {heading.get_text().removesuffix("¶") for heading in page.find_all(["h1", "h2"])}
    text = without_blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert shown == set(re.findall("^##? (.*)$", text, re.MULTILINE))
    assert page.find("a", href="releasing.html")


def test_the_pages_fetch_nothing(site):
    for page in site.pages:
        for tag in site.soup(page).find_all(["script", "img", "link"]):
            address = str(tag.get("src") or tag.get("href") or "")
            assert "://" not in address, f"{page.name}: {tag}"
    for sheet in site.folder.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?https?:|@import", sheet.read_text(encoding="utf-8"))


def test_the_picture_of_the_concepts_names_what_the_page_explains(site):
    svg = ElementTree.parse(DOCS / "images" / "concepts.svg")
    names = [
        part.text.lower() for part in svg.iter("{http://www.w3.org/2000/svg}text")
        if part.get("class") == "name"
    ]  # fmt: skip
    assert len(names) == 8
    text = site.soup(site.folder / "concepts.html").get_text().lower()
    for name in names:
        for word in name.split(", "):
            assert re.sub("s$", "", word) in text
    assert "prefers-color-scheme: dark" in ElementTree.tostring(svg.getroot(), encoding="unicode")


CLEAN = {"index.md": INDEX, "page.md": "# Page\n\n[back](index.md#title)\n"}
FAULTY_PAGE = """# Page

[there](nowhere.md), [there](index.md#gone), [there](../missing/README.md)

```{eval-rst}
.. autofunction:: planted.broken
```

```{settings} run
```

```{settings} exporters
lost: What it was.
```
"""
FAULTY_CODE = """
import types, pydantic, settings_reference

def broken(): ...

broken.__doc__ = "Return ``an open literal."
sys.modules["planted"] = types.ModuleType("planted")
sys.modules["planted"].broken = broken

class Silent(pydantic.BaseModel):
    quiet: int = 1

Silent.__module__ = "rlsys.config.plan"
settings_reference.RunConfig = Silent
"""
FAULTS = {
    "page in no toctree": "alone.md: WARNING: document isn't included in any toctree",
    "dead link": "nowhere",
    "dead anchor": "gone",
    "dead link out of the documentation": "missing/README",
    "docstring that does not render": "start-string without end-string",
    "setting that nothing describes": "'quiet' of Silent is not described",
    "description of a setting that is not there": "'lost' does not exist",
}


def test_documentation_without_a_fault_is_built(tmp_path):
    ended = build(small_project(tmp_path / "docs", CLEAN), tmp_path / "html")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty")
    pages = {**CLEAN, "page.md": FAULTY_PAGE, "alone.md": "# Alone\n"}
    return build(small_project(folder / "docs", pages, FAULTY_CODE), folder / "html")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_the_build(fault, faulty):
    assert faulty.returncode == 1
    assert any("WARNING" in line and FAULTS[fault] in line for line in faulty.stderr.splitlines())


def test_a_dead_link_in_the_html_would_be_noticed(tmp_path):
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here"></a><a href="#gone"></a><a href="b.html"></a>'
        '<a href="c.html"></a><a href="b.html#gone"></a></p>'
    )
    (tmp_path / "b.html").write_text("<p></p>")
    assert dead_links(Site(tmp_path)) == ["a.html: #gone", "a.html: c.html", "a.html: b.html#gone"]
