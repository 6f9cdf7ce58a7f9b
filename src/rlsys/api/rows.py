"""The rows of a result document as objects: their attributes are the fields of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar

from rlsys.evaluation import verdicts

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """One metric of one controller on one case.

    Attributes:
        case: what was evaluated.
        unit: of the metric; may be empty.
        n: number of episodes, over all trainings.
        iqm: interquartile mean.
        low, high: 95 % interval of the mean.
        part: which part of a metric that has one value per part; None if it has none.
        point: position in a sweep: ``key``, ``value`` and the point's own ``case``; None otherwise.
    """

    case: str
    controller: str
    kind: Literal["learned", "baseline", "oracle"]
    metric: str
    unit: str
    better: Literal["higher", "lower", "neither"]
    n: int
    mean: float
    iqm: float
    low: float
    high: float
    part: int | None = None
    point: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict(verdicts.Verdict):
    """One statement and whether it holds, as a row of a result document.

    Attributes:
        point: position in a sweep, as in `ResultRow`.
    """

    point: Mapping[str, Any] | None = None


def row_of(kind: type[Row], row: Mapping[str, Any]) -> Row:
    """Return a row of a result document as a `ResultRow` or `Verdict`."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]  # both are dataclasses
    return kind(**{key: value for key, value in row.items() if key in known})
