"""The keys of the production format; ``docs/plugins/jobshop-formats.md`` explains them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rlsys_jobshop.formats.production.hours.week import OpenHours, Shifts, Stretch
from rlsys_jobshop.formats.production.values import Date, Duration, Name
from rlsys_jobshop.problem import FOREVER


class Section(BaseModel):
    """What all sections have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _names(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _unnamed(value: Any) -> Any:
    """Turn a number of machines into as many machines without a name."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= 100_000:
            raise ValueError(f"must lie between 1 and 100000, not {value}")
        return [{}] * value
    return value


Time = Annotated[int, Field(strict=True, ge=0, le=FOREVER)]


class CalendarSection(Section):
    """When machines are open: weekly hours, or windows in units."""

    name: Name
    hours: Shifts = ()
    breaks: Shifts = ()
    holidays: list[Stretch] = Field(default_factory=list)
    extra: list[Stretch] = Field(default_factory=list)
    windows: list[tuple[Time, Time | None]] | None = None
    overtime: list[tuple[Time, Time]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_kind(self) -> CalendarSection:
        dated = bool(self.hours or self.breaks or self.holidays or self.extra)
        if self.windows is not None and dated:
            raise ValueError("has windows and weekly hours; give one of them")
        if self.windows is None and self.overtime:
            raise ValueError("has overtime without windows; beside hours give extra instead")
        if not self.windows and not self.hours and not self.extra:
            raise ValueError("is empty; give hours, extra or windows")
        return self

    @property
    def open_hours(self) -> OpenHours:
        """Its hours, without windows."""
        return OpenHours(self.hours, self.breaks, tuple(self.holidays), tuple(self.extra))


class SetupSection(Section):
    """Setup times of a kind of machine, from a family to a family."""

    name: Name
    between: dict[Name, dict[Name, Duration]] = Field(default_factory=dict)
    first: dict[Name, Duration] | None = None
    otherwise: Duration | None = None


class MachineSection(Section):
    """A machine, by default always open and without setups."""

    name: Name = ""
    type: Name | None = None
    calendar: Name | None = None
    setups: Name | None = None
    family: Name | None = None
    available: Date | None = None


class ChoiceSection(Section):
    """One way to do an operation."""

    machine: Name | None = None
    machines: Annotated[list[Name], Field(min_length=1)] | None = None
    machine_type: Name | None = None
    duration: Duration | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ChoiceSection:
        ways = ("machine", "machines", "machine_type", "alternatives")
        known = [way for way in ways if way in type(self).model_fields]
        given = [way for way in known if getattr(self, way) is not None]
        if len(given) != 1:
            found = f"not {' and '.join(given)}" if given else "it has none"
            raise ValueError(f"needs one of {', '.join(known)}; {found}")
        return self


class OperationSection(ChoiceSection):
    """A step of a job."""

    alternatives: Annotated[list[ChoiceSection], Field(min_length=1)] | None = None
    name: Name = ""
    interruptible: bool = False
    family: Name | None = None
    after: Annotated[list[Name], BeforeValidator(_names)] = Field(default_factory=list)


class JobSection(Section):
    """Operations that are done one after another."""

    operations: list[OperationSection]
    name: Name = ""
    release: Date | None = None
    due: Date | None = None
    important: bool = False


class Problem(Section):
    """A whole file."""

    name: Name = ""
    time_zone: Name | None = None
    start: Date | None = None
    unit: Literal["second", "minute", "hour"] = "minute"
    important_weight: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 5
    notes: dict[Name, str] = Field(default_factory=dict)
    machine_types: list[Name] = Field(default_factory=list)
    calendars: list[CalendarSection] = Field(default_factory=list)
    families: list[Name] = Field(default_factory=list)
    setups: list[SetupSection] = Field(default_factory=list)
    machines: Annotated[list[MachineSection], BeforeValidator(_unnamed)]
    jobs: list[JobSection]
