"""Ranges of numbers, as a workload's file gives them, and the faults that they may have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from rlsys.errors import ConfigError
from rlsys_sysctl.workload.scales import Scalar, exact, make_scale

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


class Limits(Protocol):
    """What a `Range` and a parameter of type ``int`` or ``float`` have alike."""

    @property
    def min(self) -> float | None: ...
    @property
    def max(self) -> float | None: ...
    @property
    def log(self) -> bool: ...
    @property
    def step(self) -> float | None: ...
    @property
    def special(self) -> Sequence[float]: ...


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
        check_range(self.min, self.max, self.step, self.special, log=self.log)
        check_whole(self)
        scalar(self, integer=True)
        return self


def scalar(of: Limits, *, integer: bool) -> Scalar:
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


def check_range(
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


def check_whole(of: Limits, where: str = "") -> None:
    for key in ("min", "max", "step"):
        number = getattr(of, key)
        if number is not None and exact(number).denominator != 1:
            raise ValueError(f"{where}{key} {number} is no whole number")
    for number in of.special:
        if exact(number).denominator != 1:
            raise ValueError(f"{where}special value {number} is no whole number")
