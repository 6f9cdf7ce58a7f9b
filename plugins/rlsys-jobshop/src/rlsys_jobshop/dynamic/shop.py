"""How eventful a day is: the settings of the dynamic environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]


class DynamicShop(BaseModel):
    """Events of a day, in the same way for shops of every size.

    A day is an instance some of whose jobs are not known at the start. Its length, in which the
    times below are given, is the makespan of the rule ``fifo`` if nothing happens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    arriving: Share = 0.5
    """Share of the jobs that arrive during the day; at least one is there at its start."""
    last_arrival: Rate = 0.5
    """When the last of them arrives on average; the times between arrivals are exponential."""
    breakdowns: Rate = 1.0
    """How often a machine breaks down on average, in the length of a day that it works; the times
    between are exponential."""
    repair: Rate = 0.05
    """Mean length of a repair; exponential."""
    cancelled: Share = 0.05
    """Share of the jobs that are cancelled, at a random moment after they have arrived; the first
    job never is."""
    seed: Annotated[int, Field(strict=True, ge=0)] = 0
    """Of all events; with another one the same instances have other days."""
