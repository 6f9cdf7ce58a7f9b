"""The kept results: which there are, and who is who in one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rlsys.evaluation import cases_of, ranked

KEPT = Path("docs/measured")


class TableError(Exception):
    """What is wrong with a marker, a sentence or a result, in one line."""


def read_result(run: Path) -> dict[str, Any]:
    """Return the result document of a run directory."""
    file = run / "result.json"
    try:
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TableError(f"no file {file}") from None
    except ValueError as error:
        raise TableError(f"{file} is not JSON: {error}") from None
    return document


class Results:
    """The results that are kept below docs/measured of a checkout, by the name of their folder."""

    def __init__(self, root: Path) -> None:
        self._folder = root / KEPT
        self._read: dict[str, dict[str, Any]] = {}

    def document(self, name: str, case: str) -> dict[str, Any]:
        """Return the result `name`, which has the case `case`."""
        if name not in self._read:
            if not (self._folder / name / "result.json").is_file():
                kept = sorted(file.parent.name for file in self._folder.glob("*/result.json"))
                raise TableError(f"no result {KEPT / name}; there are {', '.join(kept) or 'none'}")
            self._read[name] = read_result(self._folder / name)
        document = self._read[name]
        cases = cases_of(document)
        if case not in cases:
            raise TableError(f"{KEPT / name} has no case {case!r}, but {', '.join(cases)}")
        return document


def find_controller(document: dict[str, Any], case: str, name: str) -> str:
    """Return the controller that `name` stands for.

    `learned` is the only learned one, `optimum` the reference (whatever its bound is called),
    `best-classical` the best baseline; of several with commas between them it is the best.
    """
    rows = ranked(document, case)
    kind = {"learned": "learned", "best-classical": "baseline", "optimum": "oracle"}.get(name)
    if kind:
        found = [row["controller"] for row in rows if row["kind"] == kind]
        if kind == "learned" and len(found) > 1:
            raise TableError(f"{case} has several learned controllers: {', '.join(found)}")
    else:
        asked = name.split(",")
        found = [row["controller"] for row in rows if row["controller"] in asked]
        if len(found) != len(asked):
            found = []
    if not found:
        there = ", ".join(row["controller"] for row in rows)
        raise TableError(f"{case} has no controller {name!r}, but {there}")
    return str(found[0])
