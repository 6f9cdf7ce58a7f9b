"""The page about views lists every value with its bounds, in order, and the sizes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rlsys_jobshop.env.config import DESCRIBED
from rlsys_jobshop.env.views import LAYOUTS

PAGE = Path(__file__).parents[4] / "docs" / "plugins" / "jobshop-views.md"
SECTION = re.compile(r"^## `(\w+)`: (\d+) values\n(.*?)(?=^## )", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| ([\w ]+) \| (-?\d) to (\d) \|", re.MULTILINE)
SECTIONS = {
    name: (int(size), text) for name, size, text in SECTION.findall(PAGE.read_text("utf-8"))
}


def rows(name):
    return [(value, float(low), float(high)) for value, low, high in ROW.findall(SECTIONS[name][1])]


def stated(values):
    return [(value.name, value.low, value.high) for value in values]


def test_there_is_a_section_for_each_view_with_its_size():
    sizes = {name: size for name, (size, _) in SECTIONS.items()}
    assert sizes == {name: layout.size for name, layout in LAYOUTS.items()}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_parts_that_a_section_adds_up_are_those_of_the_view(name):
    layout = LAYOUTS[name]
    parts = [f"{len(layout.whole)}"]
    if layout.places:
        parts.append(f"{layout.places} x {len(layout.place)}")
    each = len(layout.candidate)
    parts.append(f"{DESCRIBED} x {each}" if each > 1 else f"{DESCRIBED}")
    assert re.search(rf"^{re.escape(' + '.join(parts))}[.:]", SECTIONS[name][1].strip())


def test_every_value_is_listed_in_order_with_its_bounds():
    full, hierarchical = LAYOUTS["full"], LAYOUTS["hierarchical"]
    assert rows("full") == stated([*full.whole, *full.place, *full.candidate])
    added = hierarchical.whole[len(full.whole) :]
    assert hierarchical.whole[: len(full.whole)] == full.whole
    assert rows("hierarchical") == stated([*added, *hierarchical.place, *hierarchical.candidate])
    compressed = LAYOUTS["compressed"]
    assert (compressed.whole, compressed.candidate) == (hierarchical.whole, hierarchical.candidate)
