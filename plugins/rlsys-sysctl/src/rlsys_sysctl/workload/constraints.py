"""Relations that the values of a configuration must keep, such as background ratio < ratio."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rlsys.errors import ConfigError
from rlsys_sysctl.machine.names import canonical
from rlsys_sysctl.workload.scales import exact, text

_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "!=": operator.ne,
}
_FIELD = re.compile(r"(?P<name>[^\[\]]+)(\[(?P<index>[0-9]+)\])?")


def _side(side: int | float | str) -> int | float | str:
    if not isinstance(side, str):
        exact(side)
        return side
    match = _FIELD.fullmatch(side.strip())
    if match is None:
        raise ValueError(
            f"{side!r} is not a number, a parameter or a component such as net.ipv4.tcp_rmem[2]"
        )
    index = f"[{match['index']}]" if match["index"] else ""
    try:
        return canonical(match["name"]) + index
    except ConfigError as error:
        raise ValueError(str(error)) from error


Side = Annotated[
    Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True)] | str,
    AfterValidator(_side),
]


class Constraint(BaseModel):
    """One relation between two parameters, components of vectors, or numbers.

    Each side is a number, the name of a parameter, or a component of a vector parameter, counted
    from 0: ``net.ipv4.tcp_rmem[2]``. A special value counts as the number that it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    left: Side
    """A number, a parameter, or a component of a vector parameter: `net.ipv4.tcp_rmem[2]`."""
    relation: Literal["<", "<=", ">", ">=", "!="]
    """How the left side must compare to the right."""
    right: Side
    """Like the left side."""

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"

    def fields(self) -> list[tuple[str, int | None]]:
        """Return the name of each parameter and its component (None: it is not a vector)."""
        return [_split(side) for side in (self.left, self.right) if isinstance(side, str)]

    def holds(self, values: Mapping[str, str]) -> bool:
        """Return whether `values`, texts by parameter name, keep the relation.

        Raises:
            ConfigError: a parameter has no value, or one that is not a number.
        """
        left, right = _number(self.left, values), _number(self.right, values)
        return _RELATIONS[self.relation](left, right)

    def told(self, values: Mapping[str, str]) -> str:
        """Return the relation with the values that break it."""
        left, right = _number(self.left, values), _number(self.right, values)
        return f"{self} does not hold for {text(left)} and {text(right)}"


def _split(side: str) -> tuple[str, int | None]:
    match = _FIELD.fullmatch(side)
    assert match is not None  # `_side` made sure of it
    return match["name"], int(match["index"]) if match["index"] else None


def _number(side: int | float | str, values: Mapping[str, str]) -> Fraction:
    if not isinstance(side, str):
        return exact(side)
    name, index = _split(side)
    if name not in values:
        raise ConfigError(f"no value for {name}, which a constraint names")
    fields = values[name].split()
    try:
        return exact(fields[index or 0])
    except (IndexError, ValueError) as error:
        raise ConfigError(f"{side}: {values[name]!r} has no such number") from error
