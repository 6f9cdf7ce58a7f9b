"""A kernel parameter that is tuned: its values, as texts for the kernel and as coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from rlsys.errors import ConfigError
from rlsys_sysctl.machine.names import canonical, normal
from rlsys_sysctl.workload.ranges import Number, Range, check_range, check_whole, scalar
from rlsys_sysctl.workload.scales import Grid, Scalar, exact, text


class Parameter(BaseModel):
    """One kernel parameter and the values that are tried.

    Attributes:
        param: its name, with dots (``vm.swappiness``) or slashes.
        type: ``int``, ``float``, ``categorical`` (one of `values`) or ``vector`` (whole numbers,
            one a component, such as ``net.ipv4.tcp_rmem``).
        min, max, log, step, special: as of `Range`; for ``int`` and ``float`` alone.
        values: of a categorical parameter, as written to the kernel.
        components: of a vector parameter, in their order.
        increasing: no component may be below the one before it; special values are left out of it.
            The kernel accepts tcp_rmem with a maximum below the default, which makes no sense.
        description: what it does, for a reader.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    param: str
    type: Literal["int", "float", "categorical", "vector"]
    min: Number | None = None
    max: Number | None = None
    log: bool = False
    step: Number | None = None
    special: tuple[Number, ...] = ()
    values: tuple[str, ...] = ()
    components: tuple[Range, ...] = ()
    increasing: bool = True
    description: str = ""

    @field_validator("param")
    @classmethod
    def _named(cls, name: str) -> str:
        try:
            return canonical(name)
        except ConfigError as error:
            raise ValueError(str(error)) from error

    @field_validator("values", mode="before")
    @classmethod
    def _as_written(cls, values: object) -> object:
        if not isinstance(values, list | tuple):
            return values
        for value in values:
            if isinstance(value, bool):
                raise ValueError(f"{value} is a truth value; write 1 or 0, or a text in quotes")
        return [normal(str(v)) if isinstance(v, int | float | str) else v for v in values]

    @model_validator(mode="after")
    def _whole(self) -> Parameter:
        self._check_keys()
        if self.type == "categorical":
            if "" in self.values:
                raise ValueError(f"{self.param}: values has an empty text")
            if len(set(self.values)) < len(self.values):
                raise ValueError(f"{self.param}: values has one twice")
        elif self.type == "vector":
            self._check_order()
        else:
            assert self.min is not None  # `_check_keys` has seen to both
            assert self.max is not None
            check_range(self.min, self.max, self.step, self.special, log=self.log, name=self.param)
            if self.type == "int":
                check_whole(self, f"{self.param}: ")
            scalar(self, integer=self.type == "int")
        return self

    def _check_keys(self) -> None:
        needed: dict[str, tuple[str, ...]] = {"categorical": ("values",), "vector": ("components",)}
        wanted = needed.get(self.type, ("min", "max"))
        optional = {"vector": ("increasing",), "categorical": ()}.get(
            self.type, ("log", "step", "special")
        )
        for key in wanted:
            if getattr(self, key) in (None, ()):
                raise ValueError(f"{self.param}: type {self.type} needs {key}")
        allowed = {"param", "type", "description", *wanted, *optional}
        for key in sorted(self.model_fields_set - allowed):
            raise ValueError(f"{self.param}: type {self.type} has no {key}")

    def _check_order(self) -> None:
        if not self.increasing:
            return
        tops = [scalar(part, integer=True).scale.high for part in self.components]
        for index, (one, following) in enumerate(pairwise(tops)):
            if one > following:
                raise ValueError(
                    f"{self.param}: component {index} goes up to {text(one)} and component "
                    f"{index + 1} only to {text(following)}; raise the latter's max, "
                    "or set increasing: false"
                )

    @cached_property
    def scalars(self) -> tuple[Scalar, ...]:
        """The numbers that it consists of; none where it is categorical."""
        if self.type == "categorical":
            return ()
        if self.type == "vector":
            return tuple(scalar(part, integer=True) for part in self.components)
        return (scalar(self, integer=self.type == "int"),)

    @property
    def dimension(self) -> int:
        """Coordinates of the unit cube that it takes."""
        return max(len(self.scalars), 1)

    def to_text(self, coordinates: Sequence[float]) -> str:
        """Return the value at `coordinates`, each in [0, 1], as it is written to the kernel.

        A component of an increasing vector that would be below the one before it is raised to it.
        """
        if not self.scalars:
            index = min(int(coordinates[0] * len(self.values)), len(self.values) - 1)
            return self.values[index]
        numbers = [
            part.value(float(at)) for part, at in zip(self.scalars, coordinates, strict=True)
        ]
        return " ".join(map(text, self._raised(numbers)))

    def to_coordinates(self, written: str) -> list[float]:
        """Return the coordinates of the value that is `written`.

        Raises:
            ConfigError: it is none of the values of this parameter.
        """
        self.check(written)
        return self.nearest(written)

    def nearest(self, written: str) -> list[float]:
        """Return the coordinates of the value nearest to `written`.

        Raises:
            ConfigError: no such category, no number, or another number of components.
        """
        if not self.scalars:
            self.check(written)
            return [(self.values.index(normal(written)) + 0.5) / len(self.values)]
        try:
            numbers = [exact(field) for field in self._fields(written)]
        except ValueError as error:
            raise ConfigError(f"{self.param}: {error}") from error
        return [part.nearest(value) for part, value in zip(self.scalars, numbers, strict=True)]

    def check(self, written: str) -> None:
        """Raise unless `written` is one of the values of this parameter.

        Raises:
            ConfigError: type, range, step, number or order of components; it says which.
        """
        if not self.scalars:
            if normal(written) not in self.values:
                allowed = ", ".join(self.values)
                raise ConfigError(f"{self.param}: {written!r} is none of {allowed}")
            return
        numbers = []
        for index, (part, field) in enumerate(
            zip(self.scalars, self._fields(written), strict=True)
        ):
            where = f"{self.param}[{index}]" if self.type == "vector" else self.param
            try:
                numbers.append(part.parse(field))
            except ConfigError as error:
                raise ConfigError(f"{where}: {error}") from error
        if self._raised(numbers) != numbers:
            raise ConfigError(
                f"{self.param}: {normal(written)!r} has a component below the one before it"
            )

    def _fields(self, written: str) -> list[str]:
        fields = written.split()
        if len(fields) != len(self.scalars):
            raise ConfigError(
                f"{self.param}: {written!r} has {len(fields)} numbers, not {len(self.scalars)}"
            )
        return fields

    def _raised(self, numbers: Sequence[Fraction]) -> list[Fraction]:
        if self.type != "vector" or not self.increasing:
            return list(numbers)
        raised: list[Fraction] = []
        before: Fraction | None = None
        for part, number in zip(self.scalars, numbers, strict=True):
            if number in part.special:
                raised.append(number)
                continue
            assert isinstance(part.scale, Grid)  # whole numbers have a step
            before = number if before is None or number >= before else part.scale.at_least(before)
            raised.append(before)
        return raised
