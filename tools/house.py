"""Draw the house: the rooms of the core and which imports from which, read from the code.

    python tools/house.py            write docs/images/house.svg
    python tools/house.py --check    exit code 1 where that file is not what would be drawn

A room is a folder of ``src/rlsys``; the modules at its top are the vocabulary.  A room stands one
floor above the highest room that it imports from.  Two kinds of imports are not drawn: those from
the ground floor, where every room may go, and those that follow from others.
"""

from __future__ import annotations

import argparse
import ast
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "src" / "rlsys"
PICTURE = ROOT / "docs" / "images" / "house.svg"
VOCABULARY = "vocabulary"
GROUND = (VOCABULARY, "batched", "storage")
"""Each uses the other, module by module without a circle."""
LEFT_OUT = ("templates",)

WIDTH, BOX_HEIGHT, GAP, FLOOR_HEIGHT, MARGIN = 1000, 84, 16, 130, 20
LINE, LETTER = 14, 5.9
STYLE = """
    .panel { fill: #ffffff; }
    .room { fill: #eef3fa; stroke: #3b6ea8; stroke-width: 1.5; }
    .plugins { fill: #f4f4f4; stroke: #808080; stroke-width: 1.5; }
    .name { font: bold 14px sans-serif; fill: #14253a; }
    .text { font: 11px sans-serif; fill: #33465c; }
    .import { fill: none; stroke: #5a6b7d; stroke-width: 1.2; marker-end: url(#head); }
    .head { fill: #5a6b7d; }
    @media (prefers-color-scheme: dark) {
      .panel { fill: #171b21; }
      .room { fill: #1f2c3d; stroke: #7fb0e8; }
      .plugins { fill: #2a2d31; stroke: #9a9fa6; }
      .name { fill: #f0f4f9; }
      .text { fill: #cbd5e1; }
      .import { stroke: #a3b1c2; }
      .head { fill: #a3b1c2; }
    }
"""


@dataclass(frozen=True)
class Room:
    """A room with what it is for, how many modules it has, and the rooms that it imports from."""

    name: str
    purpose: str
    modules: int
    needs: frozenset[str]


def rooms() -> dict[str, Room]:
    """Return the rooms of the core by name."""
    files: dict[str, list[Path]] = {VOCABULARY: sorted(CORE.glob("*.py"))}
    for folder in sorted(path for path in CORE.iterdir() if (path / "__init__.py").is_file()):
        if folder.name not in LEFT_OUT:
            files[folder.name] = sorted(folder.rglob("*.py"))
    return {
        name: Room(name, _purpose(name), len(mine), frozenset(_needs(mine, files) - {name}))
        for name, mine in files.items()
    }


def _purpose(room: str) -> str:
    if room == VOCABULARY:
        return "the words that every room speaks: descriptors, networks, roles, seeds, errors"
    said = ast.get_docstring(ast.parse((CORE / room / "__init__.py").read_text("utf-8"))) or ""
    sentence = said.split("\n\n")[0].replace("\n", " ").replace("`", "").rstrip(".")
    prefix, colon, rest = sentence.partition(": ")
    return rest if colon and len(prefix.split()) <= 2 else sentence


def _needs(files: list[Path], known: Mapping[str, object]) -> set[str]:
    found = set()
    for file in files:
        if file == CORE / "__init__.py":  # hands out names of other modules on first use
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for parts in (name.split(".") for name in names):
                if parts[0] == "rlsys" and len(parts) > 1:
                    found.add(parts[1] if parts[1] in known else VOCABULARY)
    return found


def floors(found: Mapping[str, Room]) -> dict[str, int]:
    """Return the floor of each room, 0 for those that import from the ground floor alone.

    Raises:
        RecursionError: rooms import from one another in a circle.
    """

    def floor(name: str) -> int:
        if name in GROUND:
            return 0
        return 1 + max((floor(need) for need in found[name].needs), default=-1)

    return {name: floor(name) for name in found}


def drawn_imports(found: Mapping[str, Room]) -> list[tuple[str, str]]:
    """Return the imports between rooms above the ground that do not follow from others, sorted."""
    level = floors(found)
    direct = {
        name: {need for need in room.needs if 0 < level[need] < level[name]}
        for name, room in found.items()
    }

    def reached(name: str) -> set[str]:
        return direct[name].union(*(reached(other) for other in direct[name]))

    return sorted(
        (name, need)
        for name, needs in direct.items()
        for need in needs
        if not any(need in reached(other) for other in needs - {need})
    )


def picture() -> str:
    """Return the SVG."""
    found = rooms()
    level = floors(found)
    top = max(level.values())
    height = MARGIN * 2 + BOX_HEIGHT // 2 + (top + 1) * FLOOR_HEIGHT
    places: dict[str, tuple[float, float, float]] = {}
    for floor in range(top + 1):
        here = sorted(name for name in found if level[name] == floor)
        width = min(220.0, (WIDTH - 2 * MARGIN - GAP * (len(here) - 1)) / len(here))
        begin = (WIDTH - len(here) * (width + GAP) + GAP) / 2
        for index, name in enumerate(here):
            y = MARGIN + BOX_HEIGHT / 2 + 20 + (top - floor) * FLOOR_HEIGHT
            places[name] = (begin + index * (width + GAP), y, width)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-labelledby="title description">',
        '  <title id="title">The rooms of rlsys</title>',
        '  <desc id="description">Each room of src/rlsys, and what it is for. An arrow leads from '
        "a room to one that it imports from. Every room may import from the ground floor.</desc>",
        f"  <style>{STYLE}  </style>",
        '  <defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="head" d="M 0 0 L 10 5 L 0 10 z"/></marker>'
        "</defs>",
        f'  <rect class="panel" width="{WIDTH}" height="{height}"/>',
        *_plugins_box(),
        *(_arrow(places, *pair) for pair in drawn_imports(found)),
        *(line for name, place in places.items() for line in _box(found[name], *place)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _plugins_box() -> list[str]:
    names = ", ".join(sorted(path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()))
    width = WIDTH - 2 * MARGIN
    return [
        f'  <rect class="plugins" x="{MARGIN}" y="{MARGIN}" width="{width}" height="40" rx="6"/>',
        f'  <text class="name" x="{MARGIN + 10}" y="{MARGIN + 17}">plugins</text>',
        f'  <text class="text" x="{MARGIN + 10}" y="{MARGIN + 32}">{names}: '
        "each imports the core and itself, never another plugin</text>",
    ]


def _box(room: Room, x: float, y: float, width: float) -> list[str]:
    modules = f"{room.modules} module" + ("s" if room.modules != 1 else "")
    name = VOCABULARY if room.name == VOCABULARY else f"{room.name}/"
    lines = textwrap.wrap(f"{room.purpose} ({modules})", int((width - 16) / LETTER))
    return [
        f'  <rect class="room" id="{room.name}" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" '
        f'height="{BOX_HEIGHT}" rx="6"/>',
        f'  <text class="name" x="{x + 8:.0f}" y="{y + 18:.0f}">{name}</text>',
        *(
            f'  <text class="text" x="{x + 8:.0f}" y="{y + 34 + LINE * index:.0f}">'
            f"{escape(line)}</text>"
            for index, line in enumerate(lines)
        ),
    ]


def _arrow(places: Mapping[str, tuple[float, float, float]], upper: str, lower: str) -> str:
    (x1, y1, w1), (x2, y2, w2) = places[upper], places[lower]
    start, end = (x1 + w1 / 2, y1 + BOX_HEIGHT), (x2 + w2 / 2, y2)
    bend = (start[1] + end[1]) / 2
    path = (
        f"M {start[0]:.0f} {start[1]:.0f} "
        f"C {start[0]:.0f} {bend:.0f} {end[0]:.0f} {bend:.0f} {end[0]:.0f} {end[1]:.0f}"
    )
    return f'  <path class="import" data-from="{upper}" data-to="{lower}" d="{path}"/>'


def main() -> None:
    """Write the picture, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    drawn = picture()
    if not parser.parse_args().check:
        PICTURE.write_text(drawn, encoding="utf-8")
    elif not PICTURE.is_file() or PICTURE.read_text("utf-8") != drawn:
        where = PICTURE.relative_to(ROOT)
        sys.exit(f"{where}: is not the house as the code has it; run python tools/house.py")


if __name__ == "__main__":
    main()
