"""docs/testing.md lists every check and every attribute, and nothing else."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from rlsys.testing import AgentConformance, EnvironmentConformance, ExporterConformance

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
SECTIONS = {
    "Environments": EnvironmentConformance,
    "Agents": AgentConformance,
    "Exporters": ExporterConformance,
}


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(("title", "kind"), SECTIONS.items(), ids=SECTIONS)
def test_every_check_stands_with_its_own_words(title, kind):
    listed = dict(re.findall(r"^\| `(test_\w+)` \| (.*) \|$", section(title), re.MULTILINE))
    checks = {name: method for name, method in inspect.getmembers(kind) if name.startswith("test_")}
    assert listed == {n: inspect.getdoc(method).splitlines()[0] for n, method in checks.items()}


@pytest.mark.parametrize(("title", "kind"), SECTIONS.items(), ids=SECTIONS)
def test_every_attribute_is_described(title, kind):
    first = section(title).partition("\n\n")[0]
    described = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", first, re.M))))
    declared = set().union(*(vars(base).get("__annotations__", {}) for base in kind.__mro__))
    if kind is not AgentConformance:
        declared -= {"environment_plugin"}  # only agents may use an environment of another plugin
    assert described == declared
