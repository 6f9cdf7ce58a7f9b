"""Taillard's specification, with and without its lines of text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

TITLED = """\
Nb of jobs, Nb of Machines, Time seed, Machine seed, Upper bound, Lower bound
           3           2    840612802    398197754         1231         1005
Times
  94  66
  74  31
   4  82
Machines
   2   1
   1   2
   2   1
"""
BARE = "3 2\n94 66\n74 31\n4 82\n2 1\n1 2\n2 1\n"
STANDARD = "3 2\n1 94 0 66\n0 74 1 31\n1 4 0 82\n"


def same(one: Any, other: Any) -> bool:
    fields = ("job_first", "mode_first", "machine_first", "duration", "mode_machines")
    return one.machines == other.machines and all(
        np.array_equal(getattr(one, field), getattr(other, field)) for field in fields
    )


@pytest.mark.parametrize(
    "text",
    [
        TITLED,
        BARE,
        TITLED.upper(),
        TITLED.replace("Times", "times:").replace("\n", " \r\n"),
        TITLED.replace("Nb of jobs, Nb", "\n# ta00\nNb of jobs, Nb"),
        TITLED.split("\n", 1)[1],
        TITLED.replace("66\n", "66 ").replace("  74  31", "74\n31"),
        BARE.replace("3 2", "3 2 840612802 398197754 1231 1005"),
        "3 2\nMachines\n2 1\n1 2\n2 1\nTimes\n94 66\n74 31\n4 82\n",
        "3 2\n94 66\n74 31\n4 82\n1 0\n0 1\n1 0\n",
    ],
    ids=[
        "titled",
        "bare",
        "capitals",
        "crlf",
        "comment",
        "no header title",
        "split",
        "bare with seeds",
        "machines first",
        "from 0",
    ],
)
def test_all_ways_to_write_it_give_the_problem_of_the_standard_text(read: Any, text: str) -> None:
    assert same(read(text, "a.txt"), read(STANDARD, "b.txt"))


def test_the_seeds_and_bounds_are_kept(read: Any) -> None:
    assert read(TITLED).description.notes == {
        "time seed": "840612802",
        "machine seed": "398197754",
        "upper bound": "1231",
        "lower bound": "1005",
    }


def test_jobs_may_differ_in_length(read: Any) -> None:
    instance = read("2 3\nTimes\n1 2 3\n4\nMachines\n1 2 3\n3\n")
    assert same(instance, read("2 3\n0 1 1 2 2 3\n2 4\n", "b.txt"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TITLED.replace("Machines\n   2", "   2"), "line 2: machines: there is no line 'Machines'"),
        (TITLED.replace("  74  31\n", ""), "line 9: jobs: has 4 times and 6 machines"),
        (TITLED.replace("  74  31\n", "  74\n"), "line 9: job 1: has 1 times and 2 machines"),
        (TITLED.replace("   1   2\n", "   1   3\n"), "line 9: job 1, operation 1: machine: 3 is"),
        (TITLED.replace("  31", " -31"), "line 9: job 1, operation 1: duration: -31 must lie"),
        (TITLED.replace("  31", " a"), "line 5: times: 'a' is not a number"),
        (TITLED + TITLED, "line 11: header: a second instance begins"),
        (TITLED.replace("1005", "1005 7"), "line 2: header: has 7 numbers; at most 6"),
        (TITLED.replace("Times", "1 2 3\nTimes"), "line 3: header: has more than one line"),
        (TITLED.split("\n", 1)[0], "line 1: header: has no numbers below it"),
        (BARE.replace("2 1\n", "2 1 2\n"), "line 5: job 0: has 2 times and 3 machines"),
    ],
)
def test_a_wrong_text_is_one_clear_line(refused: Any, text: str, said: str) -> None:
    assert said in refused(text)
