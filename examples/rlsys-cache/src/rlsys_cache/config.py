"""The cache's settings: how large it is, and where its requests come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from rlsys.descriptors import Case

from rlsys_cache.synthetic import SyntheticConfig

Size = Annotated[int, Field(strict=True, ge=2, le=4096)]


class CacheConfig(BaseModel):
    """A cache of equal places in front of a trace of requests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sizes: tuple[Size, ...] = Field(default=(32,), min_length=1)
    """Cache sizes in blocks. The policy is trained on the first size and evaluated on all."""
    requests: int = Field(default=600, strict=True, ge=2, le=1_000_000)
    """Requests per episode, which starts with an empty cache."""
    synthetic: SyntheticConfig = SyntheticConfig()
    """Composition of the synthetic traces: a new one per episode, unless there is a `trace`."""
    trace: str | None = None
    """A trace file (see `rlsys_cache.trace`), or ``builtin`` for the small one in the package."""
    past: float = Field(default=0.7, gt=0.0, lt=1.0)
    """Fraction of the trace to train on; the policy is evaluated on the rest."""
    part: Literal["past", "future"] = "past"
    """Part of a `trace` that the episodes come from; set by the cases."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.sizes)) < len(self.sizes):
            raise ValueError(f"sizes must differ from one another, got {list(self.sizes)}")
        return self

    @property
    def size(self) -> int:
        """Size in blocks of the cache of one case."""
        return self.sizes[0]


def cases(config: CacheConfig) -> list[Case]:
    """Return one case per cache size; a trace also has one for its past, for training."""

    def of(size: int, part: Literal["past", "future"]) -> CacheConfig:
        return config.model_copy(update={"sizes": (size,), "part": part})

    first = config.sizes[0]
    if config.trace is None:
        trained = f"size-{first}"
        return [
            Case(
                name=f"size-{size}",
                config=of(size, "past"),
                policy=None if size == first else trained,
                summary=f"{size} blocks, synthetic traces",
            )
            for size in config.sizes
        ]
    name = "the trace of the package" if config.trace == "builtin" else Path(config.trace).name
    trained = f"past-{first}"
    return [
        Case(name=trained, config=of(first, "past"), summary=f"{first} blocks, past of {name}"),
        *(
            Case(
                name=f"future-{size}",
                config=of(size, "future"),
                policy=trained,
                summary=f"{size} blocks, future of {name}",
            )
            for size in config.sizes
        ),
    ]
