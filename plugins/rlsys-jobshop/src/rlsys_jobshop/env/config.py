"""The settings of the environment: which instances, what is seen, what is minimised."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rlsys.descriptors import Case
from rlsys_jobshop.dynamic.shop import DynamicShop

Size = Annotated[int, Field(strict=True, ge=1, le=10_000)]
Span = tuple[Size, Size]
Time = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Flat = Literal["full", "hierarchical", "compressed"]
Items = Literal["candidates", "lookahead", "due-dates"]
View = Literal[Items, Flat]
DESCRIBED = 10
"""Candidates that a flat view describes."""


class RandomShop(BaseModel):
    """A distribution of instances; ranges are [least, most], both possible."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["classic", "brandimarte", "edata", "rdata", "vdata", "factory"] = "classic"
    """``classic``: Taillard's job shops. ``brandimarte``, ``edata``, ``rdata``, ``vdata``: flexible
    ones in the manner of Brandimarte and Hurink. ``factory``: calendars, setups and due dates."""
    jobs: Span = (10, 10)
    """Number of jobs; not of a factory."""
    machines: Span = (10, 10)
    """Number of machines; not of a factory."""
    durations: tuple[Time, Time] = (1, 99)
    """Duration of an operation; not of a factory and Hurink's kinds."""
    operations: Span = (5, 15)
    """Operations of a job; only of ``brandimarte``."""
    alternatives: Span = (1, 5)
    """Machines that can do an operation, as far as there are as many; only of ``brandimarte``."""
    spread: Annotated[float, Field(ge=0.0, le=1.0)] = 0.3
    """How much durations differ between machines; only of ``brandimarte``."""
    size: Literal["toy", "medium", "scaled", "full"] = "toy"
    """How large a factory is."""

    @field_validator("jobs", "machines", "durations", "operations", "alternatives")
    @classmethod
    def _ascending(cls, span: tuple[int, int]) -> tuple[int, int]:
        if span[0] > span[1]:
            raise ValueError(f"the least must not be above the most (got {list(span)})")
        return span


class JobshopConfig(BaseModel):
    """Job shops to schedule, one operation per step.

    Either `random` or `instances` says which.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    random: RandomShop | None = None
    """Draw a new instance for every episode."""
    stages: dict[str, RandomShop] = Field(default_factory=dict)
    """A curriculum: easier shops to train on before `random`, by name, in this order. Each begins
    with the policy of the one before, and `random` with that of the last."""
    instances: tuple[str, ...] = ()
    """Instances in turn: published ones (``ft10``), whole families of them (``la``), or files."""
    held_out: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    """Cases in addition, by name, each a list like `instances`: the policy is evaluated there too,
    but not trained."""
    candidates: Literal["active", "non-delay", "all"] = "active"
    """What may be chosen: Giffler and Thompson's conflict set, what can start first of all, or the
    next operation of every job."""
    width: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    """Most candidates at a time; of more, those that can start first remain. Null: as many as there
    are jobs, but at most 64; in a flat view 10."""
    view: View = "candidates"
    """What is seen: a row of features per candidate (``candidates``), with ``lookahead`` also what
    each would do to the machines, with ``due-dates`` what it means for the due dates; or a flat
    vector of 505 values (``full``), 60 (``hierarchical``) or 20 (``compressed``), for networks that
    do not score candidates."""
    objective: Literal["makespan", "weighted-tardiness"] = "makespan"
    """What the reward measures."""

    dynamic: DynamicShop | None = None
    """What happens during the day: arrivals, breakdowns, cancellations. Null: nothing."""
    reference_effort: Annotated[int, Field(strict=True, ge=1, le=100_000_000)] = 2_000
    """Moves of the search that plans each instance for the oracle ``best-found``."""

    @field_validator("instances", mode="before")
    @classmethod
    def _one_name(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.random is None) == (not self.instances):
            raise ValueError("give either `random` or `instances`; set the other one to null or []")
        if self.stages and self.random is None:
            raise ValueError("stages lead to `random`; give it, or leave out the stages")
        return self

    @model_validator(mode="after")
    def _described(self) -> Self:
        if self.view not in get_args(Items) and (self.width or 0) > DESCRIBED:
            raise ValueError(
                f"width must be at most {DESCRIBED} in the view {self.view!r}, which describes no "
                f"more candidates (got {self.width})"
            )
        return self


def cases(config: JobshopConfig) -> list[Case]:
    """Return the stages, the case they lead to, and those that only evaluate its policy."""
    own = config.random.kind if config.random is not None else "instances"
    name = config.random.size if own == "factory" and config.random is not None else own
    found: list[Case] = []
    for stage, shop in config.stages.items():
        easier = config.model_copy(update={"random": shop, "stages": {}, "held_out": {}})
        start = found[-1].name if found else None
        found.append(Case(name=stage, config=easier, start=start, summary="a stage on the way"))
    found.append(
        Case(
            name=name,
            config=config,
            start=found[-1].name if found else None,
            summary="what the policy is trained on",
        )
    )
    for other, names in config.held_out.items():
        published: dict[str, object] = {"instances": tuple(names)}
        published |= {"random": None, "stages": {}, "held_out": {}}
        found.append(
            Case(
                name=other,
                config=config.model_copy(update=published),
                policy=name,
                summary=", ".join(names),
            )
        )
    return found
