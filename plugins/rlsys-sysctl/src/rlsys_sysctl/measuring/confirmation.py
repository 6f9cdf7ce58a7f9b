"""Say whether a configuration is better than the default: fresh runs in pairs, and an interval.

The search picked the configuration that seemed best among many, so its numbers flatter it.  Here it
is run again next to the default: in the order ABBA, so that drift hits both alike, and with the
same seed within a pair.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rlsys.evaluation import summarise
from rlsys_sysctl.measuring.meter import FULL, Bench, Refused, Values
from rlsys_sysctl.measuring.runner import BenchmarkFailed
from rlsys_sysctl.measuring.scoring import Direction, performance

_SEED = 1 << 20
"""Above all seeds of a search."""


@dataclass(frozen=True)
class Confirmation:
    """What paired runs say about a configuration.

    Attributes:
        pairs: how many.
        performance: geometric mean of its performance as a multiple of the default's.
        low, high: 95 % interval of that mean.
        default_metric, metric: means of what the benchmark printed.
        failure: why it cannot be recommended at all; None: nothing failed.
    """

    pairs: int
    performance: float
    low: float
    high: float
    default_metric: float
    metric: float
    failure: str | None = None

    @property
    def recommended(self) -> bool:
        """Whether it is better than the default: the interval lies above 1."""
        return self.failure is None and self.low > 1.0

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {**asdict(self), "recommended": self.recommended}


def confirm(
    bench: Bench,
    values: Values,
    pairs: int,
    direction: Direction,
    on_pair: Callable[[int, float], None] = lambda *_: None,
) -> Confirmation:
    """Run `values` and the default in `pairs` pairs of full runs.

    Args:
        on_pair: called with the number of each pair, from 1, and its performance ratio.

    Raises:
        BenchmarkFailed: the benchmark failed with the default configuration.
    """
    logs, defaults, metrics = [], [], []
    for pair in range(pairs):
        default_first = pair % 2 == 0
        seed = _SEED + pair
        if default_first:
            default = bench.run(None, FULL, seed).value
        try:
            value = bench.run(values, FULL, seed).value
        except (BenchmarkFailed, Refused) as error:
            return Confirmation(pair, 0.0, 0.0, 0.0, 0.0, 0.0, str(error))
        if not default_first:
            default = bench.run(None, FULL, seed).value
        ratio = performance(value, default, direction)
        if ratio <= 0.0:
            return Confirmation(
                pair, 0.0, 0.0, 0.0, default, value, f"the benchmark printed {value:g} with it"
            )
        logs.append(math.log(ratio))
        defaults.append(default)
        metrics.append(value)
        on_pair(pair + 1, ratio)
    said = summarise(logs)
    return Confirmation(
        pairs,
        math.exp(said.mean),
        math.exp(said.low),
        math.exp(said.high),
        float(np.mean(defaults)),
        float(np.mean(metrics)),
    )
