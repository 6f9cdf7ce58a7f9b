"""The benchmark prints ratios of the very numbers that it measured in the same run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "rtos_speed.py"


@pytest.fixture(scope="module")
def measured():
    done = subprocess.run(
        [
            sys.executable, SCRIPT, "--json", "--repeats", "3", "--seconds", "0.02",
            "--only", "env", "help",
        ],
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_each_ratio_is_that_of_the_same_turn(measured):
    plain, *batched = measured["env"]["rows"]
    assert plain["ratio"] == 1.0
    assert [row["environment"].split()[1] for row in batched] == ["64", "1024", "64", "1024"]
    for row in batched:
        pairs = zip(row["steps_per_second"], plain["steps_per_second"], strict=True)
        ratios = [one / other for one, other in pairs]
        assert len(ratios) == 3
        assert row["ratio"] == median(ratios)
        assert (row["ratio_low"], row["ratio_high"]) == (min(ratios), max(ratios))


def test_the_command_line_is_measured_in_cpu_seconds(measured):
    seconds = measured["help"]["cpu_seconds"]
    assert len(seconds) == 3
    assert measured["help"]["median"] == median(seconds)
    assert all(each > 0 for each in seconds)
