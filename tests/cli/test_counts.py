"""Whole numbers may be written as people write them; what is not whole is refused in one line."""

from __future__ import annotations

import click
import pytest
from program import LAMPS, run_here

from rlsys.cli.numbers import Count, CountFrom


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7), ("100_000", 100_000), ("1e5", 100_000), ("2E3", 2000), ("1.5e3", 1500),
        ("3.0", 3), ("+4", 4), ("-2", -2), ("1e18", 10**18), ("0", 0), ("-0", 0), ("120e-1", 12),
    ],
)  # fmt: skip
def test_ways_to_write_a_whole_number(text, number):
    assert Count().convert(text, None, None) == number
    assert CountFrom(min=-5).convert(text, None, None) == number


@pytest.mark.parametrize(
    "text", ["1.5", "1e-3", "many", "", "nan", "inf", "1e400", "1e999999999", "0x10", "1,000"]
)
def test_anything_else_is_refused(text):
    for kind in (Count(), CountFrom(min=0)):
        with pytest.raises(click.BadParameter, match="is not a valid integer") as caught:
            kind.convert(text, None, None)
        assert len(caught.value.format_message().splitlines()) == 1


def test_bounds_hold_for_every_way_of_writing():
    with pytest.raises(click.BadParameter, match="0 is not in the range x>=1"):
        CountFrom(min=1).convert("0e0", None, None)


def test_every_whole_number_of_the_command_line_is_such_a_count():
    from importlib import import_module

    from rlsys.cli.built_in import BUILT_IN

    seen = set()
    for name in BUILT_IN:
        for parameter in import_module(f"rlsys.cli.commands.{name}").command.params:
            kind = parameter.type
            if isinstance(kind, click.types.IntParamType):
                assert isinstance(kind, Count | CountFrom), f"{name} {parameter.opts}"
                seen.update(parameter.opts)
    assert {"--steps", "--episodes", "--trials", "--seeds", "--jobs", "--first-episode"} <= seen


def test_a_training_takes_them(tmp_path):
    done = run_here(*LAMPS, "train", "lamps", "--steps", "1e3", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "steps: 1000\n" in (tmp_path / "run" / "config.yaml").read_text()
    refused = run_here(*LAMPS, "train", "lamps", "--steps", "1.5", "--out", tmp_path / "no")
    assert refused.returncode == 2
    assert "Invalid value for '--steps': '1.5' is not a valid integer" in refused.stderr
