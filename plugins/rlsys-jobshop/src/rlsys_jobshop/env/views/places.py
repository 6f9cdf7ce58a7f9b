"""Where the machines of an instance stand in a flat view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.problem import Instance

Ints = NDArray[np.int64]


def single_places(instance: Instance, places: int) -> Ints:
    """Return the place of each machine, -1 for none, int64 (machines,).

    Machines stand in the order of their numbers. If there are more than `places`, those with the
    most work in the whole instance are shown.
    """
    busiest = np.argsort(-_work(instance), kind="stable")[:places]
    found = np.full(instance.machines, -1, np.int64)
    found[np.sort(busiest)] = np.arange(len(busiest))
    return found


def grouped_places(instance: Instance, places: int) -> Ints:
    """Return the group of each machine, int64 (machines,).

    A group is one machine type or several. Types stand in the order of their work per machine in
    the whole instance, the most first. If there are more than `places`, neighbours in this order
    share a group; the groups have equally many types, or differ by one. If all machines are of one
    type, each counts as a type of its own.
    """
    types, type_of = np.unique(instance.machine_type, return_inverse=True)
    if len(types) == 1:
        type_of = np.arange(instance.machines)
    count = int(type_of.max()) + 1
    work = np.bincount(type_of, _work(instance)) / np.bincount(type_of)
    rank = np.empty(count, np.int64)
    rank[np.argsort(-work, kind="stable")] = np.arange(count)
    groups = rank * places // count if count > places else rank
    found: Ints = groups[type_of]
    return found


def _work(instance: Instance) -> NDArray[np.float64]:
    """Return each machine's work, shared equally among the modes of an operation, (machines,)."""
    modes = np.diff(instance.mode_first)
    share = instance.duration / np.repeat(modes, modes)
    needed = np.repeat(share, np.diff(instance.machine_first))
    work: NDArray[np.float64] = np.bincount(
        instance.mode_machines, needed, minlength=instance.machines
    ).astype(np.float64)
    return work
