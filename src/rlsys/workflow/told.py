"""What a system that cannot be played here has told its agent: the last episodes and observations.

They stand in for episodes that are played: an evaluation reports what the program earned, and
exporters check with what it observed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.config.plan import Plan
from rlsys.errors import UserError
from rlsys.evaluation.evaluate import Evaluation, Played
from rlsys.executors.training_unit import agent_directory
from rlsys.storage.archive import read_archive
from rlsys.training import TOLD_FILE
from rlsys.workflow.run_directory import RunDirectory

Array = NDArray[Any]


def told(plan: Plan, run: RunDirectory, case: str, seed: int) -> dict[str, Array]:
    """Return what the last agent of a training was told; see `rlsys.training.Session.keep_told`.

    Raises:
        UserError: nothing was kept.
    """
    unit = run.policy_directory(case, seed)
    path = agent_directory(unit, len(plan.agents) - 1, plan.agents[-1][0].name) / TOLD_FILE
    if not path.exists():
        raise UserError(
            f"{run.path}: no episode of case {case!r} has been told yet; let the program run on"
        )
    _, arrays = read_archive(path, "record")
    return dict(arrays)


def observed(
    plan: Plan, run: RunDirectory, case: str, seed: int, most: int
) -> tuple[Array, Array | None]:
    """Return the newest observations of a program, (N, ...), and their masks if it has any."""
    kept = told(plan, run, case, seed)
    masks = kept.get("masks")
    return kept["observations"][-most:], None if masks is None else masks[-most:]


def told_evaluation(plan: Plan, run: RunDirectory) -> Evaluation:
    """Return the last episodes of the programs as an evaluation; nothing is played.

    Raises:
        UserError: no episode has ended yet.
    """
    rewards = {
        case.name: [told(plan, run, case.name, s)["returns"] for s in plan.config.training_seeds()]
        for case in plan.cases
    }
    count = min(
        plan.config.evaluation.episodes, *(len(one) for many in rewards.values() for one in many)
    )
    if count == 0:
        raise UserError(f"{run.path}: no episode has ended yet; let the program run on")
    result = Evaluation(plan.environment, plan.cases, tuple(range(count)))
    for case in plan.cases:
        values = np.stack([one[-count:] for one in rewards[case.name]]).astype(np.float64)
        name = plan.controller_name
        result.played.append(Played(case.name, name, "learned", {"reward": values}))
        result.notes.append(
            f"{case.name}: the last {count} episodes of the running program, which was still "
            "exploring; nothing was played for this"
        )
    return result
