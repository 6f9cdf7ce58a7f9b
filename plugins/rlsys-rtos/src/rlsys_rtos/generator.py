"""Random tasksets: UUniFast-discard, integer execution times, random phases.

Utilizations come from UUniFast (Bini and Buttazzo, "Measuring the Performance of Schedulability
Tests", Real-Time Systems 30, 2005): uniform over all vectors with the given sum. If the sum may
exceed one, vectors with a task above one are discarded (Davis and Burns, "Priority Assignment for
Global Fixed Priority Pre-emptive Scheduling in Multiprocessor Real-Time Systems", RTSS 2009).

Time is integer here, so WCET = max(1, round(utilization * period)). This rounding changes the sum:
by up to half a tick over the period per task, and always upwards for very light tasks. If the
actual utilization is then outside the range, the whole taskset is drawn again, including the
periods. So the configured range applies to what is scheduled, not only to the input of UUniFast.

The episode lasts one hyperperiod of all periods in the configuration (a multiple of the
hyperperiod of the drawn ones), so that all copies end together.
"""

from __future__ import annotations

import math

import numpy as np

from rlsys.batched.compiled import compiled
from rlsys_rtos.arrays import Source, Streams, Tasks
from rlsys_rtos.randomness import integer, uniform

ATTEMPTS = 100_000


@compiled
def draw_taskset(copy: int, source: Source, tasks: Tasks, streams: Streams) -> None:
    """Fill row `copy` of `tasks` with a random taskset.

    Raises ValueError if no drawn taskset is in the utilization range after `ATTEMPTS` tries.
    """
    count = integer(streams, copy, source.min_tasks, source.max_tasks)
    tasks.count[copy] = count
    for _ in range(ATTEMPTS):
        left = source.low + (source.high - source.low) * uniform(streams, copy)
        total = 0.0
        fits = True
        for task in range(count):
            if task < count - 1:
                rest = left * uniform(streams, copy) ** (1.0 / (count - 1 - task))
            else:
                rest = 0.0
            share = left - rest
            left = rest
            period = source.periods[integer(streams, copy, 0, len(source.periods) - 1)]
            wcet = max(np.int64(1), np.int64(math.floor(share * period + 0.5)))
            fits = fits and share <= 1.0
            total += wcet / period
            tasks.period[copy, task] = period
            tasks.deadline[copy, task] = period
            tasks.wcet[copy, task] = wcet
            tasks.bcet[copy, task] = max(
                np.int64(1), np.int64(math.ceil(source.execution_fraction * wcet - 1e-9))
            )
            tasks.jitter[copy, task] = 0
            tasks.offset[copy, task] = integer(streams, copy, 0, period - 1) if source.phases else 0
        if fits and source.low - 1e-9 <= total <= source.high + 1e-9:
            tasks.horizon[copy] = source.horizon
            return
    raise ValueError(
        "generator.utilization: no random taskset with whole-tick execution times has a "
        "utilization in this range; widen the range or use longer periods"
    )
