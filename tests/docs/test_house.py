"""The picture of the house is the house: its arrows are the imports, found here in another way."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import pytest
from pages import DOCS, ROOT

TOOL = ROOT / "tools" / "house.py"
PICTURE = DOCS / "images" / "house.svg"
GROUND = {"vocabulary", "batched", "storage"}


def room_imports() -> set[tuple[str, str]]:
    """Return which room imports from which, by the text of the import lines."""
    core = ROOT / "src" / "rlsys"
    rooms = {p.parent.name for p in core.glob("*/__init__.py")}
    found = set()
    for file in core.rglob("*.py"):
        here = file.relative_to(core).parts[0]
        if here == "templates" or here == "__init__.py":
            continue
        for line in file.read_text(encoding="utf-8").splitlines():
            match = re.match(r"\s*(?:from|import) rlsys(?:\.| import )(\w+)", line)
            if match:
                there = match[1] if match[1] in rooms else "vocabulary"
                found.add((here if here in rooms else "vocabulary", there))
    return {(a, b) for a, b in found if a != b}


def closure(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    reached = set(pairs)
    while True:
        more = {(a, d) for a, b in reached for c, d in reached if b == c} - reached
        if not more:
            return reached
        reached |= more


def test_arrows_are_the_imports_above_the_ground_floor():
    text = PICTURE.read_text(encoding="utf-8")
    arrows = set(re.findall(r'data-from="(\w+)" data-to="(\w+)"', text))
    expected = {(a, b) for a, b in room_imports() if not {a, b} & GROUND}
    assert arrows
    assert closure(arrows) == closure(expected)
    # None that follows from the others.
    assert all((a, b) not in closure(arrows - {(a, b)}) for a, b in arrows)


def test_every_room_is_drawn():
    drawn = set(re.findall(r'class="room" id="(\w+)"', PICTURE.read_text(encoding="utf-8")))
    there = {p.parent.name for p in (ROOT / "src" / "rlsys").glob("*/__init__.py")}
    assert drawn == there | {"vocabulary"}
    assert "images/house.svg" in (DOCS / "concepts.md").read_text(encoding="utf-8")


def test_the_picture_is_what_the_tool_draws():
    checked = subprocess.run(
        [sys.executable, TOOL, "--check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_an_old_picture_is_found(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("house", TOOL)
    house = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "house", house)
    spec.loader.exec_module(house)
    old = tmp_path / "house.svg"
    old.write_text(PICTURE.read_text(encoding="utf-8").replace('data-to="plugins"', ""))
    monkeypatch.setattr(house, "PICTURE", old)
    monkeypatch.setattr(house, "ROOT", tmp_path)
    monkeypatch.setattr(house, "picture", lambda: PICTURE.read_text(encoding="utf-8"))
    monkeypatch.setattr(sys, "argv", ["house.py", "--check"])
    with pytest.raises(SystemExit, match="run python tools/house"):
        house.main()
