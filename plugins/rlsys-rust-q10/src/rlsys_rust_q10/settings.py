"""Settings of the exporter: what ``--set`` and a preset may say about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Settings(BaseModel):
    """How a network becomes fixed-point Rust, and how much is checked on the way."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    fractional_bits: Annotated[int, Field(ge=4, le=20)] = 10
    """F: every number is a whole multiple of 2**-F."""
    kernel: Literal["auto", "narrow", "wide"] = "auto"
    """Width of weights and activations: narrow (16 bits, two products an instruction) where that
    provably fits; narrow everywhere, or refused; wide (32 bits) everywhere."""
    observations: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100_000
    """How many on-policy observations the fixed-point policy is compared with the network on."""
    episodes: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """How many held-out episodes both are played on for their mean reward."""
    golden_vectors: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    """Least number of inputs with expected outputs that are exported with the policy."""
    max_items: Annotated[int, Field(ge=1, le=1024)] = 16
    """Most items (tasks, jobs, users) that a policy with one logit an item accepts."""
    build: bool = False
    """Whether the export is compiled and its tests are run."""
    run: bool = False
    """Whether it is booted in QEMU and compared tick by tick; implies `build`."""
    time_limit: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 60.0
    """Seconds after which a boot in QEMU is ended."""

    @model_validator(mode="before")
    @classmethod
    def _run_implies_build(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("run") is True:
            return {**values, "build": True}
        return values
