"""Published instances by name."""

from __future__ import annotations

import difflib
import re
from functools import cache

from rlsys.errors import UserError, did_you_mean
from rlsys_jobshop.instances import files
from rlsys_jobshop.problem import Instance, build

HURINK = ("edata", "rdata", "vdata")


def classic(name: str) -> Instance:
    """Return a published instance; a new object at each call.

    Args:
        name: as in `classic_names`; capitals, leading zeros and separators do not matter, so
            ``TA1`` and ``ta-01`` are ``ta01``, and ``la01_edata`` is ``edata-la01``. ``mt`` also
            stands for ``ft`` (Muth and Thompson's book is the source).

    Raises:
        UserError: there is none of that name; suggests a near one.
    """
    return build(files.description(exact_name(name)))


def classic_names(family: str | None = None) -> tuple[str, ...]:
    """Return the names of all published instances, or of one family, always in the same order.

    Raises:
        UserError: there is no such family.
    """
    if family is None:
        return tuple(files.family_of())
    if family not in files.names():
        hint = did_you_mean(family, files.names())
        raise UserError(f"family: there is no family {family!r}{hint}")
    return files.names()[family]


def family_names() -> tuple[str, ...]:
    """Return the families: those of classic job shops, then those with alternative machines."""
    return tuple(files.names())


def exact_name(name: str) -> str:
    """Return the listed name of an instance that is named loosely.

    Raises:
        UserError: there is none.
    """
    try:
        return _loose_names()[_loose(name)]
    except KeyError:
        near = difflib.get_close_matches(name.strip().lower(), classic_names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        spans = ", ".join(f"{members[0]} to {members[-1]}" for members in files.names().values())
        raise UserError(
            f"instance: there is no published instance {name!r}{hint}; there are {spans}"
        ) from None


def _loose(name: str) -> str:
    words = re.findall(r"[a-z]+|\d+", name.lower())
    return " ".join(word.lstrip("0") if word.isdigit() else word for word in words)


@cache
def _loose_names() -> dict[str, str]:
    names = {_loose(name): name for name in classic_names()}
    for name in classic_names("ft"):
        names[_loose(name.replace("ft", "mt"))] = name
    for family in HURINK:
        for name in classic_names(family):
            stem = name.removeprefix(f"{family}-")
            for spoken in {stem, stem.replace("mt", "ft")}:
                names[_loose(f"{family}-{spoken}")] = name
                names[_loose(f"{spoken}-{family}")] = name
    return names
