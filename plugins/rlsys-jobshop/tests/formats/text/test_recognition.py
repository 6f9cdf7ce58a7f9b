"""Which format a file has, by its suffix and its content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlsys.errors import UserError
from rlsys_jobshop.formats import read_instance
from rlsys_jobshop.formats.text.lines import lines_of
from rlsys_jobshop.formats.text.reading import recognise


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2 2\n0 1 1 2\n1 3 0 4\n", "standard"),
        ("2 2\n1 1 0 2\n1 1 0 4\n", "standard"),
        ("2 2\n1 1 1 5\n1 1 2 5\n", "fjs"),
        ("1 3\n3 1 2 5 1 1 4 1 3 6\n", "fjs"),
        ("2 2 1\n1 1 1 5\n1 1 2 5\n", "fjs"),
        ("2 2 1.5\n2 2 1 5 2 6 1 1 4\n1 1 2 5\n", "fjs"),
        ("2 2\n7 8\n9 6\n1 2\n2 1\n", "taillard"),
        ("1 2\n1 2\n1 2\n", "taillard"),
        ("1 2\nTimes\n1 2\nMachines\n1 2\n", "taillard"),
        ("2 4\n0 5 1 5\n2 5 3 5\n3 5 2 5\n1 5 0 5\n", "standard"),
    ],
    ids=[
        "standard",
        "also flexible, but classic",
        "also standard, but not classic",
        "three operations",
        "three numbers",
        "fraction",
        "taillard",
        "two lines of a job",
        "titles",
        "jobs over two lines",
    ],
)
def test_a_text_is_what_it_fits(text: str, form: str) -> None:
    assert recognise(lines_of(text)) == form


def test_a_comment_may_name_the_format(read: Any) -> None:
    plain = "1 2\n1 1 1 5\n"
    assert read(plain).operations == 1
    assert read("# format: standard\n" + plain).operations == 2


@pytest.mark.parametrize("text", ["name: a\nmachines: 1\n", '{"machines": 1}', "---\njobs: []\n"])
def test_a_text_with_keys_is_the_production_format(refused: Any, text: str) -> None:
    assert "missing; it must be given" in refused(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2 2 1\n1 1 1 5\n1 1 2 x\n", "line 3: job 1: 'x' is not a number"),
        ("2 2\n7 8\n9 6\n1 2\n3 1\n", "line 5: job 1, operation 0: machine: 3 is not among"),
        ("3 2\n0 1 1 2\n1 3 0 4 5\n1 2 0 2\n", "line 3: job 1: has 5 numbers"),
        ("3 2\n2 1 1 5 1 2 6\n1 1 2 5 9\n1 1 2 3\n", "line 3: job 1: 1 numbers too many"),
    ],
    ids=["flexible", "taillard", "standard", "flexible without third number"],
)
def test_a_message_is_about_the_format_that_is_nearest(refused: Any, text: str, said: str) -> None:
    assert said in refused(text)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \r\n\t", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"2 2\n0 1 1 2\n\x00\x01", "is a binary file"),
        ("2 2\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        (b"# plan\n# M\xfcller\n1 1\n0 1\n", "line 2: is not UTF-8 text"),
        (b"hello world\n", "line 1: header: jobs: 'hello' is not a number"),
    ],
)
def test_a_file_that_is_no_instance_is_refused(refused: Any, content: bytes, said: str) -> None:
    assert said in refused(content)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_instance(tmp_path)
    with pytest.raises(UserError, match=r"none\.txt: cannot be read: No such file"):
        read_instance(tmp_path / "none.txt")


def test_an_unknown_format_is_refused_with_a_suggestion(read: Any) -> None:
    with pytest.raises(UserError, match=r"'talliard' is unknown \(did you mean 'taillard'"):
        read("1 1\n0 1\n", format="talliard")
