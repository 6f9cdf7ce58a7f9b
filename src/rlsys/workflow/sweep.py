"""Sweeps: parse the values of one setting, and merge the runs of all values into one result."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlsys.config.document import format_path, parse_assignment, parse_yaml
from rlsys.errors import ConfigError
from rlsys.evaluation.report import RESULT_SCHEMA
from rlsys.storage.atomic import write_atomically

MOST_POINTS = 1000
RESULT_FILE = "result.json"
FORM = "KEY=LOW..HIGH (whole numbers) or KEY=a,b,c"

_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")


@dataclass(frozen=True)
class Sweep:
    """One setting and its values.

    Attributes:
        key: dotted key, as for ``--set``.
        values: YAML values, at least one, all different.
    """

    key: str
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition(".")[2]

    def label(self, value: Any) -> str:
        """Return the name of a point, as a case and as a folder."""
        return f"{self.name}={_text(value)}"

    def assignment(self, value: Any) -> str:
        """Return the point as a value of ``--set``."""
        return f"{self.key}={_text(value)}"

    def directory(self, home: Path, value: Any) -> Path:
        """Return the run directory of a point."""
        return home / "points" / self.label(value)


def parse_sweep(text: str) -> Sweep:
    """Parse the value of ``--sweep``.

    Raises:
        ConfigError: the form is wrong, or there are no values, equal values or too many.
    """
    parts, _ = parse_assignment(f"{text.partition('=')[0]}=0" if "=" in text else text)
    listed = text.partition("=")[2].strip()
    found = _RANGE.fullmatch(listed)
    values: list[Any]
    if found:
        low, high = int(found[1]), int(found[2])
        if high < low:
            raise ConfigError(f"--sweep {text}: the range is reversed; write {high}..{low}")
        values = list(range(low, min(high, low + MOST_POINTS) + 1))
    else:
        values = [parse_yaml(part, f"--sweep {text}").data for part in listed.split(",")]
    if not listed or any(isinstance(value, dict | list | None) for value in values):
        raise ConfigError(f"--sweep {text}: must have the form {FORM}")
    if len(values) > MOST_POINTS:
        raise ConfigError(f"--sweep {text}: more than {MOST_POINTS} values; use fewer")
    for value in values:
        if values.count(value) > 1:
            raise ConfigError(f"--sweep {text}: {_text(value)} is given twice")
        if not re.fullmatch(r"[\w.+-]+", _text(value)):
            raise ConfigError(f"--sweep {text}: {value!r} cannot be used as a folder name")
    return Sweep(format_path(parts), tuple(values))


def merged(sweep: Sweep, documents: Mapping[Any, Mapping[str, Any]], home: Path) -> dict[str, Any]:
    """Merge the result documents of all points into one; each point becomes a case.

    If a point has several cases, they are called ``KEY=VALUE/CASE``.

    Args:
        documents: result documents by value, in the order of the sweep.
        home: the sweep's directory; paths are relative to it.
    """
    first = next(iter(documents.values()))
    found: dict[str, Any] = {
        "schema": RESULT_SCHEMA,
        "plugin": first["plugin"],
        "preset": first["preset"],
        "run": str(home),
        "status": "complete",
        "seeds": first["seeds"],
        "results": [],
        "verdicts": [],
        "artefacts": {},
        "notes": [],
    }
    for value, document in documents.items():
        label = sweep.label(value)
        several = len({row["case"] for row in document["results"]}) > 1
        for kind in ("results", "verdicts"):
            found[kind] += [
                {
                    **row,
                    "case": f"{label}/{row['case']}" if several else label,
                    "point": {"key": sweep.key, "value": value, "case": row["case"]},
                }
                for row in document[kind]
            ]
        where = sweep.directory(Path(), value)
        found["artefacts"][label] = str(where / "report.md")
        found["notes"] += [f"{label}: {note}" for note in document["notes"]]
    return found


def write_result(home: Path, document: Mapping[str, Any]) -> None:
    """Write the merged document to the sweep's directory."""
    write_atomically(home / RESULT_FILE, json.dumps(document, indent=2) + "\n")


def curves(
    sweep: Sweep, document: Mapping[str, Any], metric: str = "reward"
) -> dict[str, dict[str, list[Mapping[str, Any]]]]:
    """Return a metric's rows by case and controller, one per point in the order of `sweep`."""
    found: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    rows: Sequence[Mapping[str, Any]] = document["results"]
    several = len({row["point"]["case"] for row in rows}) > 1
    for row in rows:
        point = row["point"]
        if row["metric"] == metric and "part" not in row and point["key"] == sweep.key:
            case = point["case"] if several else ""
            found.setdefault(case, {}).setdefault(row["controller"], []).append(row)
    return found


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
