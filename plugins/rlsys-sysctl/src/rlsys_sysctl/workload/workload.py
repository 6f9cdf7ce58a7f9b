"""A workload: what is run, what it prints, which parameters may be changed, and within what limits.

This is the file that a user writes, in JSON or YAML.
"""

from __future__ import annotations

import importlib.resources
import shlex
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rlsys.config import Document, load_yaml, parse_yaml, validate
from rlsys.errors import ConfigError, did_you_mean
from rlsys_sysctl.measuring.state_metrics import STATE_METRICS
from rlsys_sysctl.workload.constraints import Constraint
from rlsys_sysctl.workload.parameters import Parameter
from rlsys_sysctl.workload.space import ActionSpace

_SHIPPED = "rlsys_sysctl"
_FOLDER = "workloads"
SECONDS = "{seconds}"
"""Placeholder in `benchmark_command` for the length of the run; without it runs cannot be cut."""
Count = Annotated[int, Field(strict=True, ge=1)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class TrainingSettings(BaseModel):
    """How the tuning goes; what is not given is left to the agent.

    A searcher takes `total_timesteps` for its number of evaluations and leaves the others, which
    are those of PPO, alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    total_timesteps: Count | None = None
    """Environment steps of a training."""
    n_steps: Count | None = None
    """Steps between two updates of PPO."""
    batch_size: Annotated[int, Field(strict=True, ge=2)] | None = None
    """Steps in one gradient step."""
    n_epochs: Count | None = None
    """Passes over the collected steps in one update."""
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)] | None = None
    """Of Adam."""
    gamma: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)] | None = None
    """Discount a step."""
    benchmark_timeout: Positive = 120.0
    """Seconds after which a run of the benchmark is ended and counts as failed."""
    max_steps_per_episode: Count = 1
    """Configurations that are tried in one episode."""


class Workload(BaseModel):
    """What to tune for; see `docs/plugins/sysctl.md` for an example."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    workload_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.+-]{0,99}$")]
    """Names the case and the exported files."""
    description: str = ""
    """For people."""
    reward_metric: Annotated[str, Field(min_length=1)]
    """Which of the lines ``metric: value`` that the benchmark prints is to be improved."""
    direction: Literal["higher", "lower"] = "higher"
    """Which values of the metric are better."""
    benchmark_command: Annotated[tuple[str, ...], Field(min_length=1)]
    """Program and arguments, as a list or as one text that is split as a shell would. In them
    ``{seconds}`` stands for the length of the run, ``{seed}`` for a number that differs from run
    to run, and ``{python}`` for the Python that rlsys runs in."""
    shell: bool = False
    """Whether `benchmark_command` is one text for ``/bin/sh``."""
    run_as: str | None = None
    """The user to run the benchmark as; only root can name another."""
    fixture_command: tuple[str, ...] | None = None
    """A program that sets up what the runs share, see `rlsys_sysctl.measuring.fixture`; as
    `benchmark_command`, without ``{seconds}`` and ``{seed}``."""
    action_space: Annotated[tuple[Parameter, ...], Field(min_length=1)]
    """The parameters and their ranges."""
    constraints: tuple[Constraint, ...] = ()
    """Relations between parameters that every configuration keeps."""
    state_space: tuple[str, ...] = ("cpu_usage", "memory_used_percent")
    """What a learner sees of the machine: names of
    `rlsys_sysctl.measuring.state_metrics.STATE_METRICS`."""
    training_config: TrainingSettings = TrainingSettings()
    """See `TrainingSettings`."""

    @field_validator("benchmark_command", "fixture_command", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return shlex.split(value)
        except ValueError as error:
            raise ValueError(f"{value!r} cannot be split: {error}; give a list") from error

    @model_validator(mode="before")
    @classmethod
    def _leave_to_the_shell(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("shell") is True:
            command = data.get("benchmark_command")
            if isinstance(command, str):
                return {**data, "benchmark_command": [command]}
        return data

    @field_validator("state_space")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in STATE_METRICS:
                raise ValueError(f"unknown metric {name!r}{did_you_mean(name, STATE_METRICS)}")
        if len(set(names)) < len(names):
            raise ValueError("a metric is listed twice; delete one")
        return names

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.shell and len(self.benchmark_command) != 1:
            raise ValueError("benchmark_command: with `shell: true` it is one text, not a list")
        try:
            _ = self.space
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    @cached_property
    def space(self) -> ActionSpace:
        """The parameters as a unit cube."""
        return ActionSpace(self.action_space, self.constraints)

    @property
    def observation_size(self) -> int:
        """Length of an observation: the state metrics, the last point, and its reward."""
        return len(self.state_space) + self.space.dimension + 1

    @property
    def can_be_cut(self) -> bool:
        """Whether the length of a run can be chosen."""
        return any(SECONDS in part for part in self.benchmark_command)


def shipped_workloads() -> tuple[str, ...]:
    """Return the names of the workloads that come with the plugin."""
    folder = importlib.resources.files(_SHIPPED).joinpath(_FOLDER)
    return tuple(
        sorted(
            one.name.removesuffix(".json") for one in folder.iterdir() if one.name[-5:] == ".json"
        )
    )


def load_workload(source: str) -> Workload:
    """Read a workload.

    Args:
        source: name of one that is shipped, or path of a JSON or YAML file.

    Raises:
        ConfigError: no such file or name, or a fault in it, with its line.
    """
    return validate(Workload, _document(source))


def _document(source: str) -> Document:
    shipped = shipped_workloads()
    if source in shipped:
        file = importlib.resources.files(_SHIPPED).joinpath(_FOLDER, f"{source}.json")
        return parse_yaml(file.read_text(encoding="utf-8"), f"{source}.json")
    if not Path(source).exists() and "/" not in source and "." not in source:
        raise ConfigError(
            f"workload: {source!r} is neither a file nor shipped{did_you_mean(source, shipped)}"
        )
    return load_yaml(source)
