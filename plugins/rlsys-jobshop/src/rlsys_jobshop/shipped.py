"""The policies that come with the plugin; `weights/README.md` says how they were made."""

from __future__ import annotations

from importlib.resources import as_file, files

from rlsys.network import Network
from rlsys_jobshop.problem.goals import Goal

_NAMES: dict[Goal, str] = {"makespan": "makespan.npz", "weighted-tardiness": "tardiness.npz"}


def shipped_policy(goal: Goal) -> Network:
    """Return the policy that was trained to minimise `goal`."""
    with as_file(files("rlsys_jobshop") / "weights" / _NAMES[goal]) as path:
        return Network.load(path)
