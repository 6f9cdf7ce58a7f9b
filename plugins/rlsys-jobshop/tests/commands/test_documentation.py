"""The page for planners: its commands run one after the other and print what it shows."""

from __future__ import annotations

import re
import shlex

import pytest
from pages import read
from program import run_here

TEXT = read("plugins/jobshop-commands.md")
STEP = re.compile(
    r"^```(?:sh|bash)\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE
)


def without_time(text):
    """Leave out what depends on the machine: the time, and how far a search went in it."""
    lines = text.splitlines()
    return [re.sub(r"\d[\d.:-]*", "N", line).split() for line in lines]


@pytest.mark.slow
def test_the_page_is_what_the_commands_print():
    shown = 0
    for commands, output in STEP.findall(TEXT):
        for line in commands.splitlines():
            words = shlex.split(line)
            assert words[:2] == ["rlsys", "jobshop"]
            result = run_here(*words[1:])
            assert result.returncode == 0, (line, result.stderr)
            if output:
                assert without_time(result.stdout) == without_time(output), line
                shown += 1
    assert shown == 4


def test_the_rules_and_options_that_the_page_names_exist():
    from rlsys_jobshop.commands.solve import solve
    from rlsys_jobshop.rules import RULES

    (row,) = [line for line in TEXT.splitlines() if line.startswith("| `--rule NAME`")]
    assert set(re.findall(r"`([a-z-]+)`", row)) < RULES.keys()
    known = {option for parameter in solve.params for option in parameter.opts}
    named = set(re.findall(r"`(--[a-z]+)", TEXT)) - {"--from", "--to"}
    assert named - {"--help"} <= known
