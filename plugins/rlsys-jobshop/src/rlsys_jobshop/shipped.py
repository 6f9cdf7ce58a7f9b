"""The policies that come with the plugin; `weights/README.md` says how they were made."""

from __future__ import annotations

from importlib.resources import as_file, files

from rlsys.network import Network
from rlsys_jobshop.problem import Instance
from rlsys_jobshop.problem.goals import Goal


def shipped_policy(instance: Instance, goal: Goal) -> Network:
    """Return the policy that was trained on instances of this kind to minimise `goal`."""
    if goal == "weighted-tardiness":
        name = "tardiness.npz"
    else:
        name = "makespan.npz" if instance.is_classic else "flexible.npz"
    with as_file(files("rlsys_jobshop") / "weights" / name) as path:
        return Network.load(path)
