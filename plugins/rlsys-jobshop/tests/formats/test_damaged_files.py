"""Damage of any kind gives an instance or one line, never a crash."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys_jobshop.formats import read_instance, read_schedule

YAML = (files("rlsys_jobshop.formats") / "examples" / "valves.yaml").read_text(encoding="utf-8")
TEXTS = [
    "2 2\n0 1 1 2\n1 3 0 4\n",
    "Nb of jobs, Nb of Machines\n2 2\nTimes\n1 2\n3 4\nMachines\n1 2\n2 1\n",
    "2 2 1.5\n2 2 1 5 2 6 1 1 4\n1 1 2 5\n",
]
SCHEDULE = '{"makespan": 3, "operations": [{"job": 0, "operation": 0, "machine": 0, "start": 0}]}'
PIECES = st.sampled_from(
    ["", "-", "-1", "0", "1", " ", "\n", "\r", "\t", "1e9", ".5", "nan", "null", "true", ":", ": ",
     "#", "{", "}", "[", "]", ",", '"', "'", "&a ", "*a", "!!set ", "? ", "- ", "<<: ", "|", "\x00",
     "\ufeff", "\u2028", "\ud7ff", "99999999999999999999", "2026-03-29", "02:30", "name: ", "%"]
)  # fmt: skip


@st.composite
def damaged(draw: Any, text: str) -> str:
    """Return the text with a few stretches replaced."""
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(text)))
        end = begin + draw(st.integers(0, 12))
        text = text[:begin] + draw(PIECES) + text[end:]
    return text


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "file.txt"


def one_line(path: Path, text: str, read: Any) -> None:
    path.write_text(text, encoding="utf-8", newline="")
    said = ""
    try:
        read(path)
    except UserError as error:
        said = str(error)
    assert "\n" not in said
    assert not said or said.startswith(f"{path}: ")


@settings(max_examples=150, deadline=None)
@given(text=st.sampled_from(TEXTS).flatmap(damaged))
def test_a_damaged_text(path: Path, text: str) -> None:
    one_line(path, text, read_instance)


@settings(max_examples=150, deadline=None)
@given(text=damaged(YAML))
def test_a_damaged_production_file(path: Path, text: str) -> None:
    one_line(path.with_suffix(".yaml"), text, read_instance)


@settings(max_examples=100, deadline=None)
@given(text=damaged(SCHEDULE))
def test_a_damaged_schedule(path: Path, text: str) -> None:
    one_line(path.with_suffix(".json"), text, read_schedule)
