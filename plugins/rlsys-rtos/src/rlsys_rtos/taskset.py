"""Periodic tasks as the user writes them: validated, in whole ticks, with constrained deadlines.

An episode is one hyperperiod and starts at time 0, whatever the offsets. With offsets it shows a
window of the schedule in which every task arrives hyperperiod / period times. The end of the window
cuts off some jobs; such a job can earn its completion but cannot be missed.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

MAX_HYPERPERIOD = 20_000
MAX_HORIZON = 1_000_000

Ticks = Annotated[int, Field(strict=True)]
Positive = Annotated[int, Field(strict=True, ge=1, le=MAX_HORIZON)]


class Task(BaseModel):
    """One periodic task; job k arrives at ``offset + k * period``. All times are integer ticks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    """A readable name; if it is empty: T1, T2 and so on."""
    period: Positive
    """Ticks between two arrivals."""
    deadline: Ticks = Field(default=None, validate_default=True)
    """Deadline relative to the arrival; 1..period. Default: the period."""
    wcet: Positive
    """Worst-case execution time; 1..deadline."""
    bcet: Ticks = Field(default=None, validate_default=True)
    """Best-case execution time: a job takes a uniformly drawn bcet..wcet. Default: the WCET."""
    offset: Annotated[int, Field(strict=True, ge=0, le=MAX_HORIZON)] = 0
    """Arrival of the first job."""
    jitter: Ticks = Field(default=0, validate_default=True)
    """A job is released 0..jitter ticks after it arrives, drawn uniformly; its absolute deadline
    stays arrival + deadline."""

    @field_validator("deadline", mode="before")
    @classmethod
    def _fill_deadline(cls, value: Any, info: ValidationInfo) -> Any:
        # If the period itself is wrong, only that is reported; the other fields are not limited.
        return info.data.get("period", MAX_HORIZON) if value is None else value

    @field_validator("deadline")
    @classmethod
    def _deadline_within_period(cls, value: int, info: ValidationInfo) -> int:
        return _within(value, 1, "period", info.data)

    @field_validator("wcet")
    @classmethod
    def _wcet_within_deadline(cls, value: int, info: ValidationInfo) -> int:
        return _within(value, 1, "deadline", info.data)

    @field_validator("bcet", mode="before")
    @classmethod
    def _fill_bcet(cls, value: Any, info: ValidationInfo) -> Any:
        return info.data.get("wcet", 1) if value is None else value

    @field_validator("bcet")
    @classmethod
    def _bcet_within_wcet(cls, value: int, info: ValidationInfo) -> int:
        return _within(value, 1, "wcet", info.data)

    @field_validator("jitter")
    @classmethod
    def _jitter_before_deadline(cls, value: int, info: ValidationInfo) -> int:
        return _within(value, 0, "deadline", info.data, less=1)

    @property
    def utilization(self) -> float:
        """Worst-case fraction of the processor."""
        return self.wcet / self.period

    @property
    def row(self) -> tuple[int, ...]:
        """The numbers in the order used by `rlsys_rtos.arrays`."""
        return (self.period, self.deadline, self.wcet, self.bcet, self.offset, self.jitter)


def _within(value: int, low: int, above: str, data: dict[str, Any], less: int = 0) -> int:
    """Check low <= value <= data[above] - less; if data[above] is wrong, only that is reported."""
    high = data.get(above)
    if high is None or low <= value <= high - less:
        return value
    limit = f"{above} - {less}" if less else above
    raise ValueError(f"must be {low}..{high - less} ({limit}), got {value}")


class TaskSet(BaseModel):
    """Tasks that share the processor, and the length of an episode."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="taskset", min_length=1)
    """The name of the case."""
    tasks: tuple[Task, ...] = Field(min_length=1, max_length=64)
    horizon: Positive | None = None
    """Length of an episode; default: the hyperperiod."""

    @field_validator("tasks")
    @classmethod
    def _name_tasks(cls, tasks: tuple[Task, ...]) -> tuple[Task, ...]:
        named = tuple(
            task if task.name else task.model_copy(update={"name": f"T{i + 1}"})
            for i, task in enumerate(tasks)
        )
        names = [task.name for task in named]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two tasks are named {name!r}; names must differ")
        return named

    @property
    def utilization(self) -> float:
        """Worst-case load; the processor is overloaded above 1."""
        return sum(task.utilization for task in self.tasks)

    @property
    def hyperperiod(self) -> int:
        """Least common multiple of the periods."""
        return math.lcm(*(task.period for task in self.tasks))

    @property
    def random(self) -> bool:
        """Whether release jitter or execution times below the WCET are drawn at random."""
        return any(task.jitter > 0 or task.bcet < task.wcet for task in self.tasks)

    def episode_length(self, horizon: int | None = None) -> int:
        """Return the ticks per episode: `horizon`, or the taskset's own, or the hyperperiod.

        Raises:
            ValueError: a hyperperiod above `MAX_HYPERPERIOD`.
        """
        chosen = horizon or self.horizon
        if chosen is not None:
            return chosen
        if self.hyperperiod > MAX_HYPERPERIOD:
            raise ValueError(
                f"taskset {self.name!r}: the hyperperiod is {self.hyperperiod} ticks, above the "
                f"limit of {MAX_HYPERPERIOD}; set `horizon` to the number of ticks "
                "per episode, or choose periods with a smaller least common multiple"
            )
        return self.hyperperiod
