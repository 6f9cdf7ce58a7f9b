"""The data files beside this module, each read once."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from rlsys_jobshop.problem import Description, Job, Machine, Mode, Operation

PUBLISHED = "published"
"""The note by which a published instance is known from a file that only has its name."""

_DATA = files("rlsys_jobshop.instances").joinpath("data")


@cache
def names() -> dict[str, tuple[str, ...]]:
    """Return the names of the instances of each family, in the order in which they are listed."""
    listed = json.loads(text("names.json"))
    return {family: tuple(members) for family, members in listed.items()}


@cache
def family_of() -> dict[str, str]:
    """Return the family of each instance."""
    return {name: family for family, members in names().items() for name in members}


def description(name: str) -> Description:
    """Return the problem of that exact name.

    A job of a classic instance is a list of machine and duration in turn, as in the standard text.
    An operation of a flexible one is ``[duration, machine, machine, ...]``, or a list of those
    where durations differ.
    """
    given = _family(family_of()[name])[name]
    return Description(
        name=name,
        jobs=tuple(Job(_operations(row)) for row in given["jobs"]),
        machines=(Machine(),) * given["machines"],
        notes={PUBLISHED: name},
    )


def text(name: str) -> str:
    """Return the text of a data file."""
    return _DATA.joinpath(name).read_text(encoding="utf-8")


@cache
def _family(name: str) -> dict[str, Any]:
    folder = "classic" if _DATA.joinpath("classic", f"{name}.json").is_file() else "flexible"
    content: dict[str, Any] = json.loads(text(f"{folder}/{name}.json"))
    return content


def _operations(row: list[Any]) -> tuple[Operation, ...]:
    if isinstance(row[0], int):
        pairs = zip(row[0::2], row[1::2], strict=True)
        return tuple(Operation((Mode(duration, (machine,)),)) for machine, duration in pairs)
    return tuple(Operation(_modes(operation)) for operation in row)


def _modes(operation: list[Any]) -> tuple[Mode, ...]:
    groups = [operation] if isinstance(operation[0], int) else operation
    return tuple(Mode(duration, (machine,)) for duration, *group in groups for machine in group)
