"""``workload.rs``: the tasks that the firmware schedules, and its interface to the policy.

It belongs to the application ``rtos-scheduler``, which describes its data.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rlsys.errors import UserError
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.source.template import fill
from rlsys_rust_q10.source.text import comment, filled, string

APPLICATION = "rtos-scheduler"

_VALUES = {"basic": 4, "full": 6, "items": 21}
"""Observed values per task."""


def check_workload(policy: QuantisedPolicy, data: Mapping[str, Any]) -> None:
    """Refuse a policy that cannot control this workload.

    Raises:
        UserError: its observation, its actions or its sizes do not fit.
    """
    capacity, values = data["capacity"], _VALUES[data["observation"]]
    if policy.decoding.kind != "argmax" or policy.decoding.start != 0:
        raise UserError("a scheduler needs one discrete action, counted from 0")
    if policy.scorer != (data["observation"] == "items"):
        raise UserError(
            f"the observation {data['observation']!r} does not fit the policy's shape; export it "
            "with the configuration that it was trained with"
        )
    if policy.scorer:
        fits = policy.features == values and policy.outputs == 1 and capacity <= policy.max_items
    else:
        fits = policy.features == values * capacity and policy.outputs == capacity + 1
    if not fits:
        raise UserError(
            f"the policy ({policy.shape_text}, at most {policy.max_items} items) does not fit "
            f"{capacity} tasks with {values} observed values each and idling; set max_items, or "
            "export it with the configuration that it was trained with"
        )


def workload_source(policy: QuantisedPolicy, data: Mapping[str, Any]) -> str:
    """Return the text of ``workload.rs``."""
    case, tasks = data["case"], data["tasks"]
    text = fill(
        "workload/workload.rs",
        about=comment(
            f"The workload {case}: its tasks, and the policy as their scheduler. Generated."
        ),
        sizes="BITS, FEATURES, MAX_ITEMS" if policy.scorer else "BITS, INPUTS",
        case=string(case),
        count=len(tasks),
        horizon=data["horizon"],
        capacity=data["capacity"],
        idle_always=_flag(data["idle"] == "always-allowed"),
        values_per_task=_VALUES[data["observation"]],
        masked=_flag(policy.masked),
        values="MAX_ITEMS * FEATURES" if policy.scorer else "INPUTS",
        tasks="\n".join(_task(number, task) for number, task in enumerate(tasks)),
        table=_table(data["table"], data.get("table_note", "")),
        jobs=_jobs(data["jobs"]),
        policy=fill(f"workload/{'scorer' if policy.scorer else 'stack'}.rs"),
        mask="mask" if policy.masked else "_mask",
        arguments="input, mask" if policy.masked else "input",
        observe=_observe(data["observation"]),
    )
    return text + "\n"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _task(number: int, task: Mapping[str, Any]) -> str:
    return fill("workload/task.rs", **{**task, "id": number, "name": string(task["name"])})


def _table(table: Sequence[int] | None, note: str) -> str:
    about = comment(note or "The task of each tick, -1 for none.", "///")
    if table is None:
        return fill("workload/no_table.rs", about=about)
    actions = filled([str(action) for action in table])
    return fill("workload/table.rs", about=about, actions=actions)


def _jobs(jobs: Sequence[Sequence[Sequence[int]]] | None) -> str:
    if jobs is None:
        return fill("workload/no_jobs.rs")
    rows = []
    for of_task in jobs:
        items = [f"Job {{ release: {r}, execution: {e} }}" for r, e in of_task]
        inside = textwrap.indent(filled(items, 8), "    ")
        rows.append(f"&[\n{inside}\n]," if items else "&[],")
    return fill("workload/jobs.rs", rows="\n".join(rows))


def _observe(kind: str) -> str:
    if kind == "items":
        return fill("workload/observe_items.rs")
    return fill("workload/observe_tasks.rs", kind=kind)
