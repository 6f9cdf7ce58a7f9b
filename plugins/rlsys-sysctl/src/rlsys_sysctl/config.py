"""The environment's settings: the workload, and how much is measured."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_serializer,
    field_validator,
    model_validator,
)

from rlsys.descriptors import Case
from rlsys.errors import ConfigError
from rlsys_sysctl.measuring.scoring import Weights
from rlsys_sysctl.workload.namespaced import require_namespaced
from rlsys_sysctl.workload.workload import Workload, load_workload

Weight = Annotated[float, Field(ge=0.0, le=1e6, allow_inf_nan=False)]


class SysctlConfig(BaseModel):
    """One machine, one workload."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    workload: Workload
    """Name of a shipped workload, path of a JSON or YAML file, or what such a file holds."""
    seconds: Annotated[float, Field(ge=0.1, le=86_400.0, allow_inf_nan=False)] = 8.0
    """Length of a full run, where the benchmark takes ``{seconds}``."""
    repeats: Annotated[int, Field(strict=True, ge=1, le=1000)] = 3
    """Runs of a configuration in one environment step, between two runs of the default."""
    weight_performance: Weight = 0.5
    """Reward for each multiple of the default's performance."""
    weight_stability: Weight = 0.5
    """Reward for stability 1, from the default's performance on."""
    namespaced_only: bool = False
    """Refuse parameters that do not belong to a network, IPC or UTS namespace: what a container may
    change without touching its host."""
    allow_dangerous: bool = False
    """Let parameters be tuned that can take a machine down."""
    proc_sys: str = "/proc/sys"
    """Where the parameters are; another place than the kernel's is for tests."""

    @field_validator("workload", mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return load_workload(value)
        except ConfigError as error:
            raise ValueError(str(error)) from error

    @field_serializer("workload")
    def _as_written(self, workload: Workload) -> dict[str, Any]:
        # A parameter refuses keys that do not belong to its type, also where they say nothing.
        return workload.model_dump(mode="json", exclude_unset=True)

    @model_validator(mode="after")
    def _sensible(self) -> SysctlConfig:
        if self.weight_performance == 0.0 and self.weight_stability == 0.0:
            raise ValueError("weight_performance and weight_stability are both 0: nothing counts")
        if self.namespaced_only:
            require_namespaced(self.workload.space.names)
        return self

    @property
    def weights(self) -> Weights:
        """The weights of the reward."""
        return Weights(self.weight_performance, self.weight_stability)


def cases(config: SysctlConfig) -> list[Case]:
    """Return what is tuned and evaluated: one case, named after the workload."""
    name = config.workload.workload_name
    return [Case(name=name, config=config, summary=config.workload.description)]
