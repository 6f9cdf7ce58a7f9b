"""The validator is worth something because it is written a second time."""

from __future__ import annotations

import ast
from pathlib import Path

from rlsys_jobshop import checking

SOURCES = sorted(Path(checking.__file__).parent.glob("*.py"))
ALLOWED = ("rlsys_jobshop.problem", "rlsys_jobshop.checking", "rlsys.errors")
COMPUTED_FOR_OTHERS = {"mode_calendar", "worked", "longest", "without", "intersection"}


def nodes(kind):
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, kind):
                yield source.name, node


def test_the_validator_imports_the_problem_and_nothing_else_of_the_plugin():
    for source, node in nodes(ast.ImportFrom):
        assert not node.module.startswith("rlsys") or node.module.startswith(ALLOWED), source
    for source, node in nodes(ast.Import):
        assert not any(alias.name.startswith("rlsys") for alias in node.names), source


def test_the_validator_counts_open_time_by_itself():
    used = {node.attr for _, node in nodes(ast.Attribute)}
    used |= {alias.name for _, node in nodes(ast.ImportFrom) for alias in node.names}
    assert "opens" in used
    assert not used & COMPUTED_FOR_OTHERS
