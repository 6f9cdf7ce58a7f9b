"""The README is correct about keys, formats and rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rlsys_cache.config import CacheConfig
from rlsys_cache.plugin import rlsys_environments
from rlsys_cache.trace import read_trace

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def rows(first: str) -> dict[str, list[str]]:
    """Return the table whose first column is called `first`: the other cells by the first one."""
    table = TEXT.partition(f"\n| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_every_key_is_described_with_its_default():
    described = rows("key")
    assert set(described) == set(CacheConfig.model_fields) - {"part"}
    for key, (default, _) in described.items():
        value = CacheConfig.model_fields[key].default
        if key in ("sizes", "requests", "past"):
            shown = list(value) if isinstance(value, tuple) else value
            assert default == f"`{shown}`"


def test_every_format_is_described_with_a_line_that_can_be_read(tmp_path):
    described = rows("ending")
    assert set(described) == {".lis", ".spc", ".csv"}
    for ending, (_, line) in described.items():
        path = tmp_path / f"trace{ending}"
        path.write_text(line.strip("`"))
        assert len(read_trace(path))


@pytest.mark.parametrize("rule", [rule.name for rule in rlsys_environments()[0].baselines])
def test_every_rule_is_in_the_table_of_results_and_described(rule):
    assert re.search(rf"^\| `{rule}` \|", TEXT, re.MULTILINE)
    assert f"`{rule}`" in TEXT.partition("**The rules**")[2]
