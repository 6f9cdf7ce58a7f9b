"""Machines that count from 0 or from 1: found out, or said, and never wrong in silence."""

from __future__ import annotations

from typing import Any

import pytest

IDLE = {
    "standard": "1 4\n1 5 2 6\n",
    "taillard": "1 4\n5 6\n1 2\n",
    "fjs": "1 4 1\n2 1 1 5 1 2 6\n",
}
"""Neither machine 0 nor machine 4 is used."""


@pytest.mark.parametrize(("form", "first"), [("standard", 1), ("taillard", 0), ("fjs", 0)])
def test_if_it_cannot_be_told_the_format_decides(read: Any, form: str, first: int) -> None:
    instance = read(IDLE[form], format=form)
    assert instance.machines == 4
    assert instance.mode_machines.tolist() == [first, first + 1]


@pytest.mark.parametrize("form", IDLE)
@pytest.mark.parametrize("first", [0, 1])
def test_the_user_may_say_it(read: Any, form: str, first: int) -> None:
    instance = read(IDLE[form], format=form, first_machine=first)
    assert instance.mode_machines.tolist() == [1 - first, 2 - first]


@pytest.mark.parametrize(
    ("text", "machines"),
    [("1 3\n0 5 1 6\n", [0, 1]), ("1 3\n1 5 3 6\n", [0, 2]), ("1 3\n2 5 1 6 3 7\n", [1, 0, 2])],
)
def test_a_machine_0_or_a_machine_m_decides(read: Any, text: str, machines: list[int]) -> None:
    assert read(text, format="standard").mode_machines.tolist() == machines


@pytest.mark.parametrize(
    ("text", "first", "said"),
    [
        ("1 2\n0 5 2 6\n", None, "machine: 0 (line 2) and 2 (line 2) cannot both be among 2"),
        ("1 2\n0 5 3 6\n", None, "line 2: job 0, operation 1: machine: 3 is not among the 2"),
        ("1 2\n-1 5 1 6\n", None, "line 2: job 0, operation 0: machine: -1 is not among the 2"),
        ("1 2\n0 5 1 6\n", 1, "machine: 0 is not among the 2 machines, which count 1 to 2"),
        ("1 2\n1 5 2 6\n", 0, "machine: 2 is not among the 2 machines, which count 0 to 1"),
    ],
)
def test_a_number_that_fits_no_way_of_counting_is_refused(
    refused: Any, text: str, first: int | None, said: str
) -> None:
    assert said in refused(text, format="standard", first_machine=first)


def test_another_first_machine_is_refused(read: Any) -> None:
    with pytest.raises(Exception, match="first_machine: must be 0 or 1, not 2"):
        read(IDLE["fjs"], first_machine=2)
