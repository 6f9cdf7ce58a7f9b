"""Flexible text, against the beginning of mk01 as two collections have it, and hand-made files."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

FROM_1 = """\
2\t6\t2
 6  2 1 5 3 4 3 5 3 3 5 2 1 2 3 4 6 2 3 6 5 2 6 1 1 1 3 1 3 6 6 3 6 4 3
 5  1 2 6 1 3 1 1 1 2 2 2 6 4 6 3 6 5 2 6 1 1
"""
FROM_0 = """\
2 6
6 2 0 5 2 4 3 4 3 2 5 1 1 2 2 4 5 2 3 5 5 1 6 0 1 1 2 1 3 5 6 2 6 3 3
5 1 1 6 1 2 1 1 0 2 2 1 6 3 6 3 5 5 1 6 0 1
"""


def modes(instance: Any) -> list[list[tuple[int, int]]]:
    """Return machine and duration of each way to do each operation."""
    pairs = list(zip(instance.mode_machines.tolist(), instance.duration.tolist(), strict=True))
    bounds = instance.mode_first.tolist()
    return [pairs[a:b] for a, b in pairwise(bounds)]


@pytest.mark.parametrize("name", ["mk01.fjs", "mk01.txt"])
@pytest.mark.parametrize("text", [FROM_0, FROM_1], ids=["from 0", "from 1"])
def test_mk01_is_the_same_problem_from_0_and_from_1(read: Any, text: str, name: str) -> None:
    instance = read(text, name)
    assert instance.job_first.tolist() == [0, 6, 11]
    assert modes(instance)[:3] == [
        [(0, 5), (2, 4)],
        [(4, 3), (2, 5), (1, 1)],
        [(2, 4), (5, 2)],
    ]
    assert int(instance.mode_machines.min()) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("6\t2", "6 1.15"),
        lambda text: text.replace("6\t2", "6 1,15"),
        lambda text: text.replace("6\t2", "6 2."),
        lambda text: text.replace("6\t2", "6 23/11"),
        lambda text: text.replace("6\t2", "6"),
        lambda text: text.replace("\n", "\t \r\n").rstrip(),
        lambda text: "\ufeff# Brandimarte\n\n" + text,
        lambda text: text.replace(" 5  1 2 6", "\n 5\n 1 2 6"),
        lambda text: text.replace("\n", " "),
        lambda text: text.replace("4 3\n", "4 3 -1 -1\n"),
    ],
    ids=[
        "fraction",
        "comma",
        "point",
        "ratio",
        "no third number",
        "crlf",
        "comment",
        "split",
        "one line",
        "line ends",
    ],
)
def test_layout_does_not_matter(read: Any, change: Any) -> None:
    instance, expected = read(change(FROM_1), "a.fjs"), read(FROM_1, "b.fjs")
    assert modes(instance) == modes(expected)
    assert np.array_equal(instance.job_first, expected.job_first)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 2 x\n1 1 1 5\n", "line 1: header: machines per operation: not 'x'"),
        ("1 2 1\n1 2 1 5\n", "line 2: job 0, operation 0: the numbers end before its machine"),
        ("1 2 1\n1 2 1 5 2\n", "line 2: job 0, operation 0: the numbers end before its duration"),
        ("1 2 1\n1 1 1 5 2 6\n", "line 2: job 0: 2 numbers too many; its 1 operations are comp"),
        ("2 2 1\n1 1 1 5\n", "line 2: job 1: the numbers end before its number of operations"),
        ("1 2 1\n1 1 1 5\n1 1 1 6\n", "line 3: job 0: 4 numbers too many"),
        ("1 2 1\n1 1 1 -5\n", "line 2: job 0, operation 0: duration: -5 must be at least 0"),
        ("1 2 1\n1 -1 1 5\n", "line 2: job 0, operation 0: number of machines: -1 must be"),
        ("1 2 1\n1 0\n", "line 2: job 0, operation 0: machines: no machine can do it"),
        ("2 2 1\n0\n1 1 1 5\n", "line 2: job 0: operations: there is none"),
        ("1 2 1\n1 1 3 5\n", "line 2: job 0, operation 0: machine: 3 is not among the 2 machines"),
        ("1 2 1\n1 2 1 5 1 6\n", "line 2: job 0, operation 0: machine: machine 0 is listed twice"),
        ("1 2 1\n1 1 1 nan\n", "line 2: job 0: 'nan' is not a number"),
        ("1 2 1\n1 1 1 2.5\n", "line 2: job 0: '2.5' is not a whole number"),
        ("1 2 1\n999999999 1 1 5\n", "line 2: job 0, operation 1: the numbers end before"),
    ],
)
def test_a_wrong_text_is_one_clear_line(refused: Any, text: str, said: str) -> None:
    assert said in refused(text, "a.fjs")
