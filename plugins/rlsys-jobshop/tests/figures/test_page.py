"""The interactive chart is one file that holds everything and runs nobody else's code."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest

from rlsys.errors import UserError
from rlsys_jobshop.figures import gantt_html
from rlsys_jobshop.figures.gantt_html import page_of
from rlsys_jobshop.figures.names import LONGEST
from rlsys_jobshop.instances import classic
from rlsys_jobshop.rules import RULES, dispatch


@dataclass
class Element:
    """One element of a page, with the text between its tags."""

    tag: str
    attributes: dict[str, str | None]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """All elements of a page, in order."""

    elements: list[Element] = field(default_factory=list)
    is_open: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))
        self.is_open = True

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self.is_open = False

    def handle_data(self, data: str) -> None:
        if self.is_open:
            self.elements[-1].text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    @property
    def data(self) -> Any:
        """What the script reads."""
        return json.loads(self.all("script")[0].text)


def parsed(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    return page


def test_the_data_are_the_schedule(workshop):
    data = parsed(page_of(workshop)).data
    assert data["makespan"] == 12
    assert data["machines"] == {"name": ["lathe", "oven"], "type": [0, 1], "calendar": [1, 0]}
    assert data["operations"]["job"] == [0, 0, 1]
    assert data["operations"]["index"] == [0, 1, 0]
    assert data["operations"]["start"] == [1, 7, 9]
    assert data["operations"]["end"] == [7, 9, 12]
    assert data["operations"]["machines"] == [[0], [1], [0]]
    assert data["rows"] == [[0, 2], [1]]
    assert data["work"] == {"0": [1, 4, 5, 7]}
    assert data["setups"] == [[[0, [0, 1]], [2, [7, 9]]], []]
    assert data["closed"] == [[], [4, 5]]
    assert data["jobs"]["due"] == [8, None]
    assert data["jobs"]["end"] == [9, 12]
    assert data["jobs"]["important"] == [False, True]
    # Europe/Berlin at midnight of 29 March 2026, two hours before the clocks go forward
    assert data["clock"]["first"] == 1774738800
    assert data["clock"]["offsets"] == [[0, 3600], [2, 7200]]


def test_no_name_of_a_stranger_becomes_an_element(hostile, workshop):
    page, harmless = parsed(page_of(hostile)), parsed(page_of(workshop))
    assert [e.tag for e in page.elements] == [e.tag for e in harmless.elements]
    assert [e.attributes for e in page.elements[5:]] == [
        e.attributes for e in harmless.elements[5:]
    ]
    assert len(page.all("script")) == 2
    assert page.all("title")[0].text == "</script><script>alert(1)</script>: schedule"


def test_names_arrive_as_they_are_but_on_one_line(hostile, hostile_names):
    data = parsed(page_of(hostile)).data
    shown = data["jobs"]["name"]
    assert shown == data["machines"]["name"] == data["types"] == data["families"]
    assert shown[:4] == hostile_names[:4]
    assert shown[6] == "6two lines tab [31m"
    assert shown[7] == "7"
    assert shown[8] == "8 half a letter"
    assert shown[9] == "9" + (LONGEST - 2) * "n" + "…"


def test_the_page_allows_its_own_script_and_style_and_no_network(hostile):
    text = page_of(hostile)
    page = parsed(text)
    (policy,) = [
        e.attributes["content"]
        for e in page.all("meta")
        if e.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    for kind, element in (("script-src", page.all("script")[1]), ("style-src", *page.all("style"))):
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert rules[kind] == f"'sha256-{digest}'"
    assert rules["default-src"] == "'none'"
    assert not page.all("link") + page.all("img") + page.all("iframe")
    assert all("src" not in e.attributes for e in page.elements)
    assert not re.search(r"https?://|fetch\(|XMLHttp|innerHTML|\beval\b|import\(", text)


def test_everything_that_can_be_used_has_a_name_for_screen_readers(workshop):
    page = parsed(page_of(workshop))
    labelled = [e for e in page.elements if e.tag in ("input", "select")]
    assert len(labelled) == 7
    for button in page.all("button"):
        assert button.attributes.get("aria-label") or re.search("[A-Za-z]", button.text)
    (chart,) = page.all("main")
    assert chart.attributes["tabindex"] == "0"
    assert chart.attributes["aria-label"]


def test_the_largest_page_stays_small(largest):
    assert largest.instance.machines == 152
    assert len(page_of(largest)) < 400_000


def test_an_instance_without_clock_has_numbers():
    data = parsed(page_of(dispatch(classic("ft06"), RULES["mwkr"])[0])).data
    assert data["clock"] is None
    assert data["types"] == ["machines"]
    assert data["machines"]["name"] == ["0", "1", "2", "3", "4", "5"]


def test_the_file_is_written_whole_or_not_at_all(workshop, tmp_path):
    path = tmp_path / "gantt.html"
    gantt_html(workshop, path)
    assert path.read_text(encoding="utf-8") == page_of(workshop)
    assert [p.name for p in tmp_path.iterdir()] == ["gantt.html"]
    with pytest.raises(UserError, match="cannot be written"):
        gantt_html(workshop, tmp_path / "nowhere" / "gantt.html")
