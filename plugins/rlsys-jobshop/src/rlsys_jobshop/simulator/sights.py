"""What can be seen of each candidate: the base features alone, or with others that cost more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from rlsys_jobshop.simulator import due_dates, lookahead
from rlsys_jobshop.simulator.batch import Capacity
from rlsys_jobshop.simulator.features import NAMES as BASE

Sight = Literal["candidates", "lookahead", "due-dates"]
"""``candidates``: the base features. ``lookahead``: with what a candidate would do to the machines.
``due-dates``: with what it means for the due dates."""


class More(NamedTuple):
    """Features in addition to the base.

    Attributes:
        names: of the columns.
        scratch_for: makes the memory that `write` needs, for a capacity and a width.
        write: writes the columns; see `rlsys_jobshop.simulator.lookahead.look_ahead`.
    """

    names: tuple[str, ...]
    scratch_for: Callable[[Capacity, int], Any]
    write: Callable[..., None]


MORE: Mapping[Sight, More] = {
    "lookahead": More(lookahead.NAMES, lookahead.scratch_for, lookahead.look_ahead),
    "due-dates": More(due_dates.NAMES, due_dates.scratch_for, due_dates.look_at_due_dates),
}
"""Of each sight that has any."""
COLUMNS: Mapping[Sight, tuple[str, ...]] = {
    "candidates": BASE,
    **{sight: (*BASE, *more.names) for sight, more in MORE.items()},
}
"""All features of each sight. No two sights have equally many, so a network shows what it sees."""
