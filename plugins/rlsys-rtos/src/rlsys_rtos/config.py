"""The settings of the environment: its tasks, the observation, and the action mask."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rlsys.config import load_resource, load_yaml, validate
from rlsys.descriptors import Case
from rlsys.errors import ConfigError, did_you_mean
from rlsys_rtos.taskset import MAX_HYPERPERIOD, Positive, TaskSet

BUILT_IN = ("normal", "stressed")
DEFAULT_PERIODS = (10, 12, 15, 20, 30, 60)


class GeneratorConfig(BaseModel):
    """Random tasksets, a new one for every episode; see `rlsys_rtos.generator`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_tasks: Annotated[int, Field(strict=True, ge=1, le=64)] = 4
    """Smallest number of tasks in a taskset."""
    max_tasks: Annotated[int, Field(strict=True, ge=1, le=64)] = 10
    """Largest number of tasks in a taskset; the observation has room for this many."""
    utilization: tuple[float, float] = (0.7, 1.3)
    """Lowest and highest worst-case utilization of a taskset."""
    periods: tuple[Positive, ...] = Field(default=DEFAULT_PERIODS, min_length=1)
    """The periods to draw from; an episode lasts their least common multiple."""
    phases: bool = True
    """Draw every offset from 0..period - 1; otherwise all tasks start together."""
    execution_fraction: float = Field(default=1.0, gt=0.0, le=1.0)
    """Best-case execution time as a fraction of the WCET."""

    @field_validator("utilization")
    @classmethod
    def _ordered(cls, value: tuple[float, float]) -> tuple[float, float]:
        low, high = value
        if not 0.0 < low <= high:
            raise ValueError(f"must be [low, high] with 0 < low <= high, got {list(value)}")
        return value

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.max_tasks < self.min_tasks:
            raise ValueError(
                f"max_tasks must be >= min_tasks ({self.min_tasks}), got {self.max_tasks}"
            )
        least = self.max_tasks / max(self.periods)
        if self.utilization[1] < least:
            raise ValueError(
                f"utilization: {self.max_tasks} tasks of at least one tick in periods of at most "
                f"{max(self.periods)} load the processor by {least:.3g} or more, above the "
                f"highest allowed utilization, {self.utilization[1]}"
            )
        if self.utilization[0] > self.min_tasks:
            raise ValueError(
                f"utilization: {self.min_tasks} tasks cannot load the processor by more than "
                f"{self.min_tasks}, below the lowest allowed utilization, {self.utilization[0]}"
            )
        return self

    def episode_length(self, horizon: int | None) -> int:
        """Return `horizon`, or else the least common multiple of the periods.

        Raises:
            ValueError: the multiple is above the limit.
        """
        length = math.lcm(*self.periods)
        if horizon is None and length > MAX_HYPERPERIOD:
            raise ValueError(
                f"generator.periods: their least common multiple is {length} ticks, above the "
                f"limit of {MAX_HYPERPERIOD}; set `horizon`, or choose other periods"
            )
        return horizon or length


class RtosConfig(BaseModel):
    """One processor, its tasks, and what the scheduler sees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    taskset: tuple[TaskSet, ...] = Field(default=None, validate_default=True)
    """Names of built-in tasksets, paths of YAML files, or tasksets; one or a list. The default is
    `normal` and `stressed`, unless there is a generator. They are saved as tasksets, so a saved
    configuration needs no other file. An environment with several draws one for every episode."""
    generator: GeneratorConfig | None = None
    observation: Literal["basic", "full", "items"] = "basic"
    """What the scheduler sees; see the plugin's page."""
    idle: Literal["masked-while-ready", "always-allowed"] = "masked-while-ready"
    """When the action mask allows idling: only if no task is ready, or always."""
    horizon: Positive | None = None
    """Length of an episode in ticks, for all tasksets; default: each taskset's own."""
    oracle_memory: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 2048
    """MiB that the oracle may use for its tables; if it needs more, it reports an error."""

    @model_validator(mode="before")
    @classmethod
    def _load_tasksets(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        given = data.get("taskset")
        if given is None:
            given = () if data.get("generator") is not None else BUILT_IN
        elif isinstance(given, str | Path | TaskSet | Mapping):
            given = (given,)
        if isinstance(given, list | tuple):
            given = tuple(
                load_taskset(item) if isinstance(item, str | Path) else item for item in given
            )
        return {**data, "taskset": given}

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.generator is not None:
            if self.taskset:
                raise ValueError(
                    "taskset and generator cannot be combined; set one of them to null"
                )
            self.generator.episode_length(self.horizon)
        elif not self.taskset:
            raise ValueError("taskset: the list is empty; name a taskset or set a generator")
        names = [taskset.name for taskset in self.taskset]
        for taskset in self.taskset:
            if names.count(taskset.name) > 1:
                raise ValueError(f"taskset: two are named {taskset.name!r}; names must differ")
            taskset.episode_length(self.horizon)
        return self

    @property
    def random(self) -> bool:
        """Whether jobs have random release jitter or execution times."""
        if self.generator is not None:
            return self.generator.execution_fraction < 1.0
        return any(taskset.random for taskset in self.taskset)

    def task_names(self, count: int) -> tuple[str, ...]:
        """Return readable names for the tasks of an episode with `count` tasks."""
        if len(self.taskset) == 1:
            return tuple(task.name for task in self.taskset[0].tasks)
        return tuple(f"T{i + 1}" for i in range(count))


def load_taskset(name: str | Path) -> TaskSet:
    """Load a built-in taskset by name, or one from a YAML file.

    Raises:
        ConfigError: no such name or file, or mistakes in it, each with file, line and key.
    """
    if name in BUILT_IN:
        document = load_resource(f"rlsys_rtos:tasksets/{name}.yaml")
    elif Path(name).suffix.lower() in (".yaml", ".yml") or Path(name).is_file():
        document = load_yaml(name)
    else:
        raise ConfigError(
            f"taskset: unknown name {str(name)!r}{did_you_mean(str(name), BUILT_IN)}; "
            "the name of your own file must end in .yaml"
        )
    taskset = validate(TaskSet, document)
    if "name" in taskset.model_fields_set:
        return taskset
    return taskset.model_copy(update={"name": Path(name).stem})


def cases(config: RtosConfig) -> list[Case]:
    """Return what is trained on and evaluated.

    One case per taskset. With a generator, a policy is trained on the case `general`. Two cases
    evaluate it without further training: `random-execution` (execution times from half the WCET up)
    and, if the observation does not depend on the number of tasks, `more-tasks` (up to four more
    tasks than in training).
    """
    generator = config.generator
    if generator is None:
        return [
            Case(
                name=taskset.name,
                config=config.model_copy(update={"taskset": (taskset,)}),
                summary=f"{len(taskset.tasks)} tasks, utilization {taskset.utilization:.2f}",
            )
            for taskset in config.taskset
        ]

    def variant(**changes: Any) -> RtosConfig:
        return config.model_copy(update={"generator": generator.model_copy(update=changes)})

    found = [
        Case(
            name="general",
            config=config,
            summary=f"random tasksets, {generator.min_tasks} to {generator.max_tasks} tasks",
        )
    ]
    if config.observation == "items":
        few, many = generator.max_tasks + 1, generator.max_tasks + 4
        found.append(
            Case(
                name="more-tasks",
                config=variant(min_tasks=few, max_tasks=many),
                policy="general",
                summary=f"random tasksets, {few} to {many} tasks: more than in training",
            )
        )
    if generator.execution_fraction == 1.0:
        found.append(
            Case(
                name="random-execution",
                config=variant(execution_fraction=0.5),
                policy="general",
                summary="random tasksets, execution times from half the WCET up",
            )
        )
    return found
