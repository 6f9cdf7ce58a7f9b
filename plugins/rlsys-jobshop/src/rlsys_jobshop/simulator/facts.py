"""What a dispatching rule may know of each candidate, as plain numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.simulator.lookahead import NAMES
from rlsys_jobshop.simulator.simulator import Simulator

Ints = NDArray[np.int64]
_RISE = NAMES.index("high bounds, more than with the best candidate")


class Facts(NamedTuple):
    """One number per candidate, int64 (copies, most); what is no candidate has arbitrary numbers.

    `most` is the largest number of candidates that any copy has.

    Attributes:
        present: bool; whether it is a candidate.
        duration: in this mode.
        start, end: if it is chosen now.
        ready: when the operation before it ends; the job's release before its first operation.
        release, due, weight: of its job; `FOREVER` is no due date.
        work: shortest work of the job from this operation on.
        operations: how many operations the job still has, this one included.
        rise: how much more it would raise the machines' bounds than the best candidate, float64;
            None where nobody asked for it.
    """

    present: NDArray[np.bool_]
    duration: Ints
    start: Ints
    end: Ints
    ready: Ints
    release: Ints
    due: Ints
    weight: Ints
    work: Ints
    operations: Ints
    rise: NDArray[np.float64] | None = None


def facts(simulator: Simulator, *, rise: bool = False) -> Facts:
    """Return the facts of every copy's candidates.

    Args:
        simulator: the schedules.
        rise: whether to look ahead, which costs much more than the other facts.
    """
    batch, most = simulator.batch, int(simulator.count.max())
    modes = batch.modes[simulator.modes[:, :most]]
    operations = batch.operations[simulator.operations[:, :most]]
    jobs = batch.jobs[operations["job"]]
    return Facts(
        present=np.arange(most) < simulator.count[:, None],
        duration=modes["duration"],
        start=modes["begin"],
        end=modes["finish"],
        ready=jobs["ready"],
        release=jobs["release"],
        due=jobs["due"],
        weight=jobs["weight"],
        work=jobs["work"],
        operations=jobs["last"] - jobs["next"],
        rise=simulator.more("lookahead")[:, :most, _RISE].astype(np.float64) if rise else None,
    )
