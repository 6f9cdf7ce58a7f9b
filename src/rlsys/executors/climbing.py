"""The order of trainings that start from one another's networks, and how they get them.

The network is copied into the directory of the training that starts from it. So a work unit is
complete wherever it runs, and an executor needs to know nothing of stages.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlsys.executors.training_unit import START_FILE, TrainingUnit
from rlsys.storage.atomic import write_atomically
from rlsys.training import NETWORK_FILE


def in_stages(units: Sequence[TrainingUnit]) -> list[list[TrainingUnit]]:
    """Divide units so that each one starts from the network of one in an earlier list, if any."""
    starts = {unit.case: unit.start for unit in units}

    def depth(case: str) -> int:
        start = starts[case]
        return 0 if start is None else 1 + depth(start)

    stages: dict[int, list[TrainingUnit]] = {}
    for unit in units:
        stages.setdefault(depth(unit.case), []).append(unit)
    return [stages[number] for number in sorted(stages)]


def hand_over(unit: TrainingUnit, units: Sequence[TrainingUnit]) -> None:
    """Give `unit` the network that it starts from; the one of `units` that trains it is done."""
    start = unit.directory / START_FILE
    if unit.start is None or start.exists():
        return
    (earlier,) = (u for u in units if (u.case, u.seed) == (unit.start, unit.seed))
    start.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(start, (earlier.directory / NETWORK_FILE).read_bytes())
