"""What is tuned: kernel parameters with their ranges, and the unit cube that searchers see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from rlsys.errors import ConfigError, did_you_mean
from rlsys_sysctl.machine.names import canonical, normal
from rlsys_sysctl.workload.constraints import Constraint
from rlsys_sysctl.workload.scales import Grid, Scalar, exact, make_scale, text

_LARGEST = 2**64  # what a parameter of the kernel can hold
_DECIMALS = 15


def _decimal(number: float) -> float:
    value = exact(number)
    if abs(value) > _LARGEST or (value * 10**_DECIMALS).denominator != 1:
        raise ValueError(f"{number} is beyond 2^64 or has more than {_DECIMALS} decimals")
    return number


Number = Annotated[
    Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True)],
    AfterValidator(_decimal),
]
"""A number that is exact in plain decimal digits."""


class Range(BaseModel):
    """A range of numbers: one component of a vector parameter.

    Attributes:
        min: least value.
        max: largest value, which is met where `step` divides the range.
        log: search evenly in the logarithm; `min` must be positive.
        step: distance of neighbouring values (default: 1; see `scales.make_scale` for floats).
        special: values outside of the range with a meaning of their own, such as -1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min: Number
    max: Number
    log: bool = False
    step: Number | None = None
    special: tuple[Number, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> Range:
        _check_range(self.min, self.max, self.step, self.special, log=self.log)
        _check_whole(self)
        scalar(self, integer=True)
        return self


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
            _check_range(self.min, self.max, self.step, self.special, log=self.log, name=self.param)
            if self.type == "int":
                _check_whole(self, f"{self.param}: ")
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


class ActionSpace:
    """All tuned parameters as one unit cube [0, 1]^d, and what their values must keep.

    Args:
        parameters: at least one, each once.
        constraints: between them.

    Raises:
        ConfigError: a parameter twice, or a constraint about something that is not tuned.
    """

    def __init__(
        self, parameters: Sequence[Parameter], constraints: Sequence[Constraint] = ()
    ) -> None:
        if not parameters:
            raise ConfigError("action_space: no parameter; give at least one")
        self.parameters = {parameter.param: parameter for parameter in parameters}
        if len(self.parameters) < len(parameters):
            names = [parameter.param for parameter in parameters]
            twice = next(name for name in names if names.count(name) > 1)
            raise ConfigError(f"action_space: {twice} is given twice; delete one")
        self.constraints = tuple(constraints)
        for constraint in constraints:
            self._check_constraint(constraint)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in their order."""
        return tuple(self.parameters)

    @property
    def dimension(self) -> int:
        """Coordinates of a point: one a scalar or category, one a component of a vector."""
        return sum(parameter.dimension for parameter in self.parameters.values())

    @property
    def labels(self) -> tuple[str, ...]:
        """What each coordinate is: a parameter's name, or ``name[i]``."""
        return tuple(
            f"{name}[{index}]" if parameter.type == "vector" else name
            for name, parameter in self.parameters.items()
            for index in range(parameter.dimension)
        )

    def to_values(self, point: ArrayLike) -> dict[str, str]:
        """Return the values at `point`, shape (d,), as texts for /proc/sys.

        Coordinates outside of [0, 1] are clipped.

        Raises:
            ConfigError: another shape, or a coordinate is NaN.
        """
        array = np.asarray(point, np.float64)
        if array.shape != (self.dimension,):
            raise ConfigError(f"a point has shape ({self.dimension},), not {array.shape}")
        if np.isnan(array).any():
            label = self.labels[int(np.isnan(array).argmax())]
            raise ConfigError(f"the coordinate of {label} is NaN; it must be within 0 to 1")
        coordinates = np.clip(array, 0.0, 1.0).tolist()
        values, start = {}, 0
        for name, parameter in self.parameters.items():
            values[name] = parameter.to_text(coordinates[start : start + parameter.dimension])
            start += parameter.dimension
        return values

    def to_point(self, values: Mapping[str, str]) -> NDArray[np.float64]:
        """Return the point, shape (d,), whose values are `values`.

        Raises:
            ConfigError: a parameter is missing or unknown, or its value is not allowed.
        """
        self._check_names(values)
        for name, parameter in self.parameters.items():
            parameter.check(values[name])
        return self.nearest_point(values)

    def nearest_point(self, values: Mapping[str, str]) -> NDArray[np.float64]:
        """Return the point, shape (d,), whose values are nearest to `values`.

        What a machine has now may lie outside of the ranges that are searched.

        Raises:
            ConfigError: a parameter is missing or unknown, or of another kind, such as a category
                that is not listed.
        """
        self._check_names(values)
        return np.array(
            [at for name, one in self.parameters.items() for at in one.nearest(values[name])]
        )

    def violations(self, values: Mapping[str, str]) -> list[str]:
        """Return what each broken constraint says; nothing where all hold."""
        return [one.told(values) for one in self.constraints if not one.holds(values)]

    def check(self, values: Mapping[str, str], original: Mapping[str, str] | None = None) -> None:
        """Raise unless all values are allowed and keep the constraints.

        Args:
            original: what the machine had: allowed even where it is out of range, and free of
                constraints where nothing differs from it.

        Raises:
            ConfigError: it says which value, what is allowed, or which constraint is broken.
        """
        self._check_names(values)
        had = {name: normal(written) for name, written in (original or {}).items()}
        changed = [name for name in self.parameters if normal(values[name]) != had.get(name)]
        for name in changed:
            self.parameters[name].check(values[name])
        broken = self.violations(values) if changed else []
        if broken:
            raise ConfigError("; ".join(broken))

    def _check_names(self, values: Mapping[str, str]) -> None:
        for name in values:
            if name not in self.parameters:
                raise ConfigError(f"{name} is not tuned{did_you_mean(name, self.parameters)}")
        for name in self.parameters:
            if name not in values:
                raise ConfigError(f"no value for {name}; give one for each tuned parameter")

    def _check_constraint(self, constraint: Constraint) -> None:
        for name, index in constraint.fields():
            where = f"constraint {constraint}"
            if name not in self.parameters:
                known = did_you_mean(name, self.parameters)
                raise ConfigError(f"{where}: {name!r} is not in action_space{known}")
            parameter = self.parameters[name]
            if parameter.type == "vector":
                if index is None or index >= parameter.dimension:
                    last = parameter.dimension - 1
                    raise ConfigError(f"{where}: {name} is a vector; write {name}[0] to [{last}]")
                continue
            if index is not None:
                raise ConfigError(f"{where}: {name} is no vector; write {name} without [{index}]")
            for value in parameter.values:
                try:
                    exact(value)
                except ValueError as error:
                    raise ConfigError(f"{where}: {value!r} of {name} is no number") from error


def scalar(of: Range | Parameter, *, integer: bool) -> Scalar:
    """Return the numbers between the limits of `of`, with its special values.

    Raises:
        ValueError: more values than can be told apart.
    """
    assert of.min is not None  # checked when `of` was made
    assert of.max is not None
    step = None if of.step is None else exact(of.step)
    try:
        scale = make_scale(exact(of.min), exact(of.max), step, log=of.log, integer=integer)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return Scalar(scale, [exact(value) for value in of.special], integer=integer)


def _check_range(
    low: float,
    high: float,
    step: float | None,
    special: Sequence[float],
    *,
    log: bool,
    name: str = "",
) -> None:
    where = f"{name}: " if name else ""
    if low > high:
        raise ValueError(f"{where}min {low} is above max {high}; exchange them")
    if step is not None and step <= 0:
        raise ValueError(f"{where}step {step} must be above 0")
    if log and low <= 0:
        raise ValueError(f"{where}log needs min above 0, not {low}; make it one of special")
    if len(set(special)) < len(special):
        raise ValueError(f"{where}special has a value twice")
    for value in special:
        if low <= value <= high:
            raise ValueError(
                f"{where}special value {value} is within {low} to {high}; leave it out"
            )


def _check_whole(of: Range | Parameter, where: str = "") -> None:
    for key in ("min", "max", "step"):
        number = getattr(of, key)
        if number is not None and exact(number).denominator != 1:
            raise ValueError(f"{where}{key} {number} is no whole number")
    for number in of.special:
        if exact(number).denominator != 1:
            raise ValueError(f"{where}special value {number} is no whole number")
