"""What may be decided next: the candidates, one mode of one job's next operation each.

* ``active``: Giffler and Thompson's conflict set (1960). Among all candidates the one that would
  end first is sought; whatever needs a machine of it and could start before that end, competes with
  it. All active schedules can be reached this way in a classic job shop, and one of them is optimal.
* ``non-delay``: what could start first of all; no machine waits while it has work.
* ``all``: everything.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.compiled import compiled
from rlsys_jobshop.simulator.dynamics import jobs_of, shares_machine
from rlsys_jobshop.simulator.shops import Shops
from rlsys_jobshop.simulator.state import State

Candidates = Literal["active", "non-delay", "all"]
KINDS: dict[Candidates, int] = {"active": 0, "non-delay": 1, "all": 2}
_ACTIVE, _NON_DELAY = 0, 1


@compiled
def collect(
    shops: Shops,
    state: State,
    copy: int,
    kind: int,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
) -> int:
    """Write a copy's candidates and return how many there are.

    If there are more than fit, those that could start first are kept.

    Args:
        shops, state: the batch.
        copy: the copy.
        kind: value of `KINDS`.
        modes, operations: receive the candidates, by job and mode; int64 (width,).
    """
    best, soonest, first_end = -1, np.int64(0), np.int64(0)
    for job in jobs_of(shops, copy):
        operation = state.next[job]
        if operation == shops.job_last[job]:
            continue
        for mode in range(shops.mode_first[operation], shops.mode_last[operation]):
            begin, finish = state.begin[mode], state.finish[mode]
            if best < 0 or begin < soonest:
                soonest = begin
            if best < 0 or finish < first_end:
                best, first_end = mode, finish
    count = 0
    for job in jobs_of(shops, copy):
        operation = state.next[job]
        if operation == shops.job_last[job]:
            continue
        for mode in range(shops.mode_first[operation], shops.mode_last[operation]):
            begin = state.begin[mode]
            if kind == _ACTIVE:
                if mode != best and not (begin < first_end and shares_machine(shops, mode, best)):
                    continue
            elif kind == _NON_DELAY and begin > soonest:
                continue
            if count < len(modes):
                modes[count] = mode
                operations[count] = operation
                count += 1
            else:
                _replace_latest(state, modes, operations, mode, operation)
    return count


@compiled
def _replace_latest(
    state: State,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    mode: int,
    operation: int,
) -> None:
    """Put a candidate in the place of the one that could start last, if it could start earlier."""
    latest = 0
    for position in range(1, len(modes)):
        if state.begin[modes[position]] > state.begin[modes[latest]]:
            latest = position
    if state.begin[mode] < state.begin[modes[latest]]:
        modes[latest:-1] = modes[latest + 1 :].copy()
        operations[latest:-1] = operations[latest + 1 :].copy()
        modes[-1] = mode
        operations[-1] = operation
