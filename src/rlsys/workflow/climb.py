"""Reads how the stages of a run went."""

from __future__ import annotations

import json

from rlsys.config.plan import Plan
from rlsys.executors.training_unit import SUMMARY_FILE
from rlsys.stages import Promotion, Stage
from rlsys.workflow.run_directory import RunDirectory


def climbed(plan: Plan, run: RunDirectory) -> list[Stage]:
    """Return the stages of a run whose trainings are done, lowest first.

    Trainings from before the plugin said which case starts from which were no stages.
    """
    found = []
    for case in plan.stages:
        rule = plan.promotion(case.name) or Promotion()
        for seed in plan.config.training_seeds():
            file = run.policy_directory(case.name, seed) / SUMMARY_FILE
            summary = json.loads(file.read_text(encoding="utf-8"))
            last = summary["agents"][-1]
            if "ended" not in last:
                continue
            found.append(
                Stage(
                    case=case.name,
                    start=plan.start(case),
                    seed=seed,
                    steps=sum(agent["steps"] for agent in summary["agents"]),
                    ended=last["ended"],
                    metric=rule.metric,
                    before=summary.get("before"),
                    after=last["validation"],
                    threshold=rule.threshold,
                )
            )
    return found
