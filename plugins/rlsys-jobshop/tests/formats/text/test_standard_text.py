"""Standard job-shop text, against ft06 as published, and small hand-made files."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

FT06 = """\
6 6
2  1  0  3  1  6  3  7  5  3  4  6
1  8  2  5  4 10  5 10  0 10  3  4
2  5  3  4  5  8  0  9  1  1  4  7
1  5  0  5  2  5  3  3  4  8  5  9
2  9  1  3  4  5  5  4  0  3  3  1
1  3  3  3  5  9  0 10  4  4  2  1
"""


def routes(instance: Any) -> list[list[tuple[int, int]]]:
    """Return machine and duration of each operation, job by job."""
    steps = list(zip(instance.mode_machines.tolist(), instance.duration.tolist(), strict=True))
    bounds = instance.job_first.tolist()
    return [steps[a:b] for a, b in pairwise(bounds)]


def test_ft06_is_read_as_published(read: Any) -> None:
    instance = read(FT06, "ft06.txt")
    assert (instance.name, instance.jobs, instance.machines) == ("ft06", 6, 6)
    assert instance.is_classic
    assert routes(instance)[0] == [(2, 1), (0, 3), (1, 6), (3, 7), (5, 3), (4, 6)]
    assert int(instance.duration.sum()) == 197


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("  ", "\t"),
        lambda text: text.replace("\n", "  \t\n"),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: "\n\n" + text.rstrip("\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n") + "\x1a",
        lambda text: "# Fisher and Thompson, 6x6\n// 1963\n" + text.replace("\n", "  # job\n"),
        lambda text: text.replace("\n", " -1 -1\n").replace("6 6 -1 -1", "6 6"),
        lambda text: text.replace("6 6", "+6 6.0").replace("10", "1e1"),
        lambda text: text.replace("\n", " ").strip(),
        lambda text: "6 6\n" + text[4:].replace("\n", " "),
        lambda text: "6 6\n" + "\n".join(text[4:].split()),
        lambda text: "6 6\n" + text[4:].replace("3  7", "3  7\n"),
    ],
    ids=[
        "crlf",
        "cr",
        "tabs",
        "trailing blanks",
        "blank lines",
        "no final newline",
        "byte order mark",
        "from DOS",
        "comments",
        "line ends",
        "other numbers",
        "everything on one line",
        "jobs on one line",
        "a number per line",
        "jobs over two lines",
    ],
)
def test_layout_does_not_matter(read: Any, change: Any) -> None:
    assert routes(read(change(FT06))) == routes(read(FT06))


def test_jobs_may_differ_in_length_and_come_back_to_a_machine(read: Any) -> None:
    instance = read("2 5\n0 1 1 2 2 3 1 4 2 5 3 6 4 7 3 8\n4 9\n")
    assert [machine for machine, _ in routes(instance)[0]] == [0, 1, 2, 1, 2, 3, 4, 3]
    assert routes(instance)[1] == [(4, 9)]


def test_short_jobs_may_be_filled_up(read: Any) -> None:
    instance = read("2 3\n0 1 1 2 2 3\n1 4 -1 -1 -1 -1\n")
    assert routes(instance) == [[(0, 1), (1, 2), (2, 3)], [(1, 4)]]


def test_line_ends_split_jobs_that_are_joined(read: Any) -> None:
    instance = read("2 3\n0 1 1 2 -1 -1 2 3 -1 -1\n")
    assert routes(instance) == [[(0, 1), (1, 2)], [(2, 3)]]


def test_one_machine_and_a_duration_of_zero_are_fine(read: Any) -> None:
    assert routes(read("2 1\n0 3\n0 0\n")) == [[(0, 3)], [(0, 0)]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("6", "line 1: header: needs the number of jobs and the number of machines"),
        ("0 3\n", "line 1: header: jobs: 0 must lie between 1 and"),
        ("1e9 2\n0 1\n", "line 1: header: jobs: 1000000000 must lie between"),
        ("2 -3\n", "line 1: header: machines: -3 must lie between"),
        ("2 1e9\n0 1\n0 1\n", "line 1: header: machines: 1000000000 must lie between"),
        ("two 2\n0 1 1 2\n", "line 1: header: jobs: 'two' is not a number"),
        ("2 2\n\n0 1 1\n1 2 0 3\n", "line 3: job 0: has 3 numbers"),
        ("2 2\n0 1 1 2\n", "line 2: jobs: 1 lines with 4 numbers"),
        ("1 2\n0 1 1 2\n1 2 0 3\n", "line 3: jobs: 2 lines with 8 numbers"),
        ("2 2\n0 1 1 2\n1 x 0 3\n", "line 3: job 1: 'x' is not a number"),
        ("1 2\n0 1 1 nan\n", "line 2: job 0: 'nan' is not a number"),
        ("1 2\n0 1 1 inf\n", "line 2: job 0: 'inf' is not a number"),
        ("1 2\n0 1 1 2.5\n", "line 2: job 0: '2.5' is not a whole number"),
        ("1 2\n0 1 1 0x10\n", "line 2: job 0: '0x10' is not a number"),
        ("1 2\n0 1 1 1_000\n", "line 2: job 0: '1_000' is not a number"),
        ("1 2\n0 1 1 \u0663\n", "line 2: job 0: '\u0663' is not a number"),
        ("1 2\n0 1 1 1e999999\n", "line 2: job 0: '1e999999' is too large"),
        ("1 2\n0 1 1 " + "9" * 5000, "is too large"),
        ("1 2\n0 1 1 -5\n", "line 2: job 0, operation 1: duration: -5 must lie between 0 and"),
        ("1 2\n0 1 1 9999999999999999\n", "line 2: job 0, operation 1: duration: 9999999999999999"),
        ("2 2\n0 1 1 2\n-1 -1\n", "line 3: job 1: operations: there is none"),
        ("2 2 2\n0 1 1 2\n1 2 0 3\n", "line 1: header: has 3 numbers"),
        ("# nothing\n", "holds nothing but comments"),
    ],
)
def test_a_wrong_text_is_one_clear_line(refused: Any, text: str, said: str) -> None:
    assert said in refused(text, format="standard")
