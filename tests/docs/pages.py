"""What the tests read out of the documentation: blocks, command lines, tables."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *DOCS.rglob("*.md"),
        *ROOT.glob("*.md"),
        ROOT / "firmware" / "README.md",
        *(ROOT / "plugins").glob("*/README.md"),
    ]
)

# The language may be a directive of the documentation, such as {toctree}.
_FENCE = re.compile(r"^```([\w{}-]*)[^\n`]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE_NAME = re.compile(r'^(?:"""|# )([\w/-]+\.\w+)')


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def without_blocks(text: str) -> str:
    return _FENCE.sub("", text)


def blocks(text: str, language: str) -> list[str]:
    return [body for found, body in _FENCE.findall(text) if found == language]


def commands(text: str) -> list[list[str]]:
    """Return the arguments of every `rlsys` command in shell and console blocks."""
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    lines += [
        line.removeprefix("$ ")
        for block in blocks(text, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    found = []
    for line in lines:
        words = shlex.split(line.removeprefix("./setup.sh "), comments=True)
        if words[:1] == ["rlsys"]:
            found.append(words[1:])
    return found


def write_named_files(page: Path, folder: Path) -> set[str]:
    """Write every block whose first line begins with a file's name; return the names."""
    written = set()
    for _, body in _FENCE.findall(page.read_text(encoding="utf-8")):
        name = _FILE_NAME.match(body)
        if name:
            (folder / name[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / name[1]).write_text(body, encoding="utf-8")
            written.add(name[1])
    return written


def section(text: str, heading: str) -> str:
    """Return what stands under `heading` (such as ``## Settings``), up to its next equal."""
    level = heading.split(" ")[0]
    _, found, rest = f"\n{text}".partition(f"\n{heading}\n")
    assert found, f"no heading {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", without_blocks(rest), flags=re.MULTILINE)[0]


def table(text: str, first: str) -> dict[str, dict[str, str]]:
    """Return the table whose first column is called `first`: rows by key, cells by column."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        header = _cells(line)
        if header[:1] == [first]:
            rows = {}
            for row in lines[number + 2 :]:
                if not row.startswith("|"):
                    break
                cells = _cells(row)
                assert len(cells) == len(header), row
                assert cells[0] not in rows, f"{cells[0]} stands twice"
                rows[cells[0]] = dict(zip(header[1:], cells[1:], strict=True))
            return rows
    raise AssertionError(f"no table with the first column {first!r}")


def _cells(line: str) -> list[str]:
    if not line.startswith("|"):
        return []
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def code(cell: str) -> str:
    return cell.strip("`")


def bounds(schema: dict) -> set[str]:
    """Return the numbers that limit a value, from its JSON schema."""
    found = set()
    for key, value in schema.items():
        if key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            found.add(f"{value:.0f}" if value == int(value) else str(value))
        elif key == "anyOf":
            found |= set().union(*map(bounds, value))
        elif key == "items":
            found |= bounds(value)
    return found


def assert_describes(rows, column, model, skip=()):
    """The rows have the model's keys with their defaults and limits, and no others."""
    described = {code(key): row for key, row in rows.items() if row[column]}
    assert described.keys() == model.model_fields.keys() - set(skip)
    schema = model.model_json_schema()["properties"]
    for key, row in described.items():
        field = model.model_fields[key]
        if row[column].startswith("`") and not field.is_required():
            default = json.loads(json.dumps(field.get_default(call_default_factory=True)))
            assert json.loads(code(row[column])) == default, key
        assert bounds(schema[key]) <= set(re.findall(r"\d+(?:\.\d+)?", row["allowed"])), key
