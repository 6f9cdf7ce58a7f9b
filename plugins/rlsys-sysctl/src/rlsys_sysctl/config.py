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
    """Name of a shipped workload, path of a JSON or YAML file, or the content of such a file."""
    seconds: Annotated[float, Field(ge=0.1, le=86_400.0, allow_inf_nan=False)] = 8.0
    """Length of a full run, if the benchmark takes ``{seconds}``."""
    repeats: Annotated[int, Field(strict=True, ge=1, le=1000)] = 3
    """Runs of a configuration per environment step, between two runs of the default."""
    weight_performance: Weight = 0.5
    """Reward for each multiple of the default's performance."""
    weight_stability: Weight = 0.5
    """Reward for stability 1, earned only at the default's performance or better."""
    namespaced_only: bool = False
    """Refuse parameters outside network, IPC and UTS namespaces, so that a container does not
    change its host."""
    allow_dangerous: bool = False
    """Also tune parameters that can take a machine down."""
    proc_sys: str = "/proc/sys"
    """Where the parameters are; anything but the kernel's own is for tests."""

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
        # A parameter refuses keys of other types, even with their default values.
        return workload.model_dump(mode="json", exclude_unset=True)

    @model_validator(mode="after")
    def _sensible(self) -> SysctlConfig:
        if self.weight_performance == 0.0 and self.weight_stability == 0.0:
            raise ValueError(
                "weight_performance and weight_stability are both 0, so nothing counts; raise one"
            )
        if self.namespaced_only:
            require_namespaced(self.workload.space.names)
        return self

    @property
    def weights(self) -> Weights:
        """The weights of the reward."""
        return Weights(self.weight_performance, self.weight_stability)


def cases(config: SysctlConfig) -> list[Case]:
    """Return the only case, named after the workload."""
    name = config.workload.workload_name
    return [Case(name=name, config=config, summary=config.workload.description)]
