"""Every relative link leads to a page and heading that exist; every page has one title."""

from __future__ import annotations

import re

import pytest
from pages import DOCS, PAGES, ROOT, without_blocks

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_resolves(page):
    text = page.read_text(encoding="utf-8")
    for link in _LINK.findall(without_blocks(text)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{page.name}: {link}"


# Parts that are put into other pages lie in docs/measured.
WHOLE = sorted(page for page in DOCS.rglob("*.md") if page.parent.name != "measured")


@pytest.mark.parametrize("page", WHOLE, ids=lambda page: page.stem)
def test_every_page_has_one_title(page):
    text = without_blocks(page.read_text(encoding="utf-8"))
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert text.startswith("# ")


def test_the_index_leads_to_every_page():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in _LINK.findall(index)}
    assert {page.resolve() for page in WHOLE} - linked == {DOCS.resolve() / "index.md"}
