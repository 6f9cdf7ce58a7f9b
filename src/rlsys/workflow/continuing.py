"""Is a run still the one that is asked for, and may its last agent train for more steps?

A run that has finished can be continued with more steps. What it had is first set aside, as a run
directory of its own in ``earlier/STEPS``, and can be evaluated and exported as before. The
configuration is changed last: after a kill in between, the same command does the rest.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rlsys.config.plan import Plan
from rlsys.errors import UserError
from rlsys.executors.training_unit import SUMMARY_FILE, agent_directory
from rlsys.storage.atomic import write_atomically
from rlsys.training import NETWORK_FILE, checkpoint_step
from rlsys.workflow.run_directory import RunDirectory

EARLIER = "earlier"
_OUTCOME = ("result.json", "report.md", "evaluation", "figures", "exports")


@dataclass(frozen=True)
class MoreSteps:
    """The steps of the last agent, as a run was started and as they should be."""

    agent: str
    old: int
    new: int


def more_steps(
    now: Mapping[str, Any], then: Mapping[str, Any], path: Path, *, allowed: bool
) -> MoreSteps | None:
    """Compare the configuration that is asked for with that of a run.

    Args:
        allowed: whether the last agent may get more steps.

    Returns:
        what the last agent is to get, or None if both are the same.

    Raises:
        UserError: anything else differs.
    """
    # The order of the agents also matters.
    new, old = ({"agents": ", ".join(c.get("agents") or ()), **_flat(c)} for c in (now, then))
    last = [*(now.get("agents") or ())][-1:]
    more = None
    for key in dict.fromkeys((*new, *old)):
        if new.get(key) == old.get(key):
            continue
        advice = "resume it with its own settings, or start a new run with another --out"
        section, _, rest = key.partition(".")
        name, _, setting = rest.partition(".")
        if allowed and (section, setting) == ("agents", "steps"):
            if name not in last:
                advice = f"only the last agent, {last[0]}, can get more steps"
            elif new[key] > old[key]:
                more = MoreSteps(name, old[key], new[key])
                continue
            else:
                advice = f"it can go on with more steps than {old[key]}, not with fewer"
        raise UserError(
            f"{path}: was started with {key} = {old.get(key)!r}, not {new.get(key)!r}; {advice}"
        )
    return more


def is_done(plan: Plan, path: Path) -> bool:
    """Return whether the run in `path` has done all of `plan`, evaluation included."""
    if not (path / "result.json").exists():
        return False
    run = RunDirectory.open(path)
    now = plan.config.model_dump(mode="json")
    same = more_steps(now, run.config().data, path, allowed=not plan.stages) is None
    return same and run.status == "complete"


def set_aside(run: RunDirectory, plan: Plan) -> None:
    """If `plan` has more steps than the run, make it train on; call it inside ``run.writing()``.

    Raises:
        UserError: something else differs, or a finished training has no checkpoint.
    """
    config = plan.config.model_dump(mode="json")
    more = more_steps(config, run.config().data, run.path, allowed=not plan.stages)
    if more is None:
        return
    units = [
        run.policy_directory(case.name, seed)
        for case in plan.trained_cases
        for seed in plan.config.training_seeds()
    ]
    trained = [agent_directory(unit, len(plan.agents) - 1, more.agent) for unit in units]
    for unit, agent in zip(units, trained, strict=True):
        if (unit / NETWORK_FILE).exists() and checkpoint_step(agent) is None:
            raise UserError(
                f"{agent}: the last checkpoint is missing, so this training cannot go on; start a "
                "new run with another --out"
            )
    home = run.path / EARLIER / str(more.old)
    home.mkdir(parents=True, exist_ok=True)
    write_atomically(home / "config.yaml", (run.path / "config.yaml").read_bytes())
    moved = [unit / name for unit in units for name in (NETWORK_FILE, SUMMARY_FILE)]
    moved += [agent / SUMMARY_FILE for agent in trained]
    moved += [run.path / name for name in _OUTCOME]
    for file in moved:
        _move(file, home / file.relative_to(run.path))
    whole = all((home / u.relative_to(run.path) / NETWORK_FILE).exists() for u in units)
    RunDirectory(home, {**run.manifest, "status": "complete" if whole else "interrupted"}).seal()
    write_atomically(run.path / "config.yaml", yaml.safe_dump(config, sort_keys=False))


def _move(source: Path, target: Path) -> None:
    if not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        shutil.rmtree(target)
    os.replace(source, target)


def _flat(data: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(data, dict) or not data:
        return {prefix: data}
    return {
        key: value
        for name, part in data.items()
        for key, value in _flat(part, f"{prefix}.{name}" if prefix else str(name)).items()
    }
