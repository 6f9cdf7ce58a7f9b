"""What `tune` does: search settings of the agents, in a run directory of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlsys import workflow
from rlsys.api.executing import executor_of
from rlsys.api.request import Request
from rlsys.errors import UserError
from rlsys.plugins.requirements import check_requirements
from rlsys.plugins.workplace import Workplace
from rlsys.storage import write_atomically
from rlsys.tuning.result import search_document
from rlsys.tuning.search import Search, trial_plan
from rlsys.tuning.space import search_space
from rlsys.tuning.study import OPTUNA, STUDY_FILE
from rlsys.workflow.run_home import RUNS, default_directory, newest_unfinished

if TYPE_CHECKING:
    from optuna import Study


def tune_request(
    work: Workplace, request: Request, trials: int, searches: Sequence[str]
) -> tuple[Study, dict[str, Any]]:
    """Run the trials of a search that are left; return the study and its result document.

    Args:
        trials: total number of trials; finished ones count.
        searches: ranges as ``AGENT.KEY=RANGE``; empty: what the agents propose.

    Raises:
        UserError: something is missing, or the directory is not that of this search.
    """
    plan = trial_plan(request.plan(work.registry))
    space = search_space(plan, searches)
    check_requirements("rlsys tune", (OPTUNA,))
    check_requirements(plan.environment.name, plan.environment.requires)
    for spec, _ in plan.agents:
        check_requirements(spec.name, spec.requires)
    with executor_of(work.registry, request, plan) as where:
        path = _directory(request, plan.config.preset)
        if request.resume and path.exists() and not (path / STUDY_FILE).exists():
            raise UserError(
                f"{path}: has no {STUDY_FILE}, so it is not a search; choose another --out"
            )
        run = workflow.begin(work, plan, path, resume=request.resume)
        work.progress(f"run directory: {run.path}")
        search = Search(work, plan, run.path, run.append_metrics, space, trials, where)
        with run.writing():
            study = search.execute()
            document = search_document(plan, run.path, study)
            write_atomically(run.path / "result.json", json.dumps(document, indent=2) + "\n")
    return study, document


def _directory(request: Request, preset: str) -> Path:
    """Return the run directory; searches have their own folder, so `run --resume` skips them."""
    choose = newest_unfinished if request.resume else default_directory
    return request.out or choose(request.plugin, preset, RUNS / "tune")
