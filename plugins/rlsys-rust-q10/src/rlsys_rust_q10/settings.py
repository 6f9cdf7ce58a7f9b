"""Settings of the exporter, which ``--set`` and presets can change."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Settings(BaseModel):
    """How a network becomes fixed-point Rust, and how much is checked on the way."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    fractional_bits: Annotated[int, Field(ge=4, le=20)] = 10
    """F: every number is a whole multiple of 2**-F."""
    kernel: Literal["auto", "narrow", "wide"] = "auto"
    """Width of weights and activations. auto: 16 bits, with two products per instruction, wherever
    that provably fits; narrow: 16 bits everywhere, or the export is refused; wide: 32 bits
    everywhere."""
    observations: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100_000
    """Number of on-policy observations on which fixed-point policy and network are compared."""
    episodes: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """Number of held-out episodes that both play to compare their mean reward."""
    least_equal_actions: Annotated[float, Field(ge=0, le=1)] = 0.99
    """Share of the observations on which both must decide the same (discrete actions)."""
    most_action_difference: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.01
    """Mean distance of their actions, as a share of the action's range (continuous actions)."""
    most_reward_difference: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.01
    """Difference of their mean rewards that is accepted, as a share of the network's mean reward
    or, if that is larger, of its standard deviation between episodes. A difference whose paired
    95 % interval includes zero is accepted too."""
    golden_vectors: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    """Minimum number of inputs with expected outputs to export with the policy."""
    max_items: Annotated[int, Field(ge=1, le=1024)] = 16
    """Maximum number of items (tasks, jobs, users) for a policy with one logit per item."""
    build: bool = False
    """Whether to compile the export and run its tests."""
    run: bool = False
    """Whether to boot it in QEMU and compare it tick by tick; implies `build`."""
    time_limit: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 60.0
    """Seconds after which a boot in QEMU is stopped."""

    @model_validator(mode="before")
    @classmethod
    def _run_implies_build(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("run") is True:
            return {**values, "build": True}
        return values
