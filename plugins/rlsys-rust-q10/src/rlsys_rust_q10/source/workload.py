"""``workload.rs``: the tasks that the firmware schedules, and how the policy is asked about them.

Belongs to the application ``rtos-scheduler``; its data is described there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rlsys.errors import UserError
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.source.text import comment, filled, string

APPLICATION = "rtos-scheduler"

_VALUES = {"basic": 4, "full": 6, "items": 21}
"""Observed values a task."""


def check_workload(policy: QuantisedPolicy, data: Mapping[str, Any]) -> None:
    """Refuse a policy that cannot control this workload.

    Raises:
        UserError: its observation, its actions or its numbers do not fit.
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
    tasks: Sequence[Mapping[str, Any]] = data["tasks"]
    capacity = data["capacity"]
    kind = data["observation"]
    parts = [
        comment(
            f"The workload {data['case']}: its tasks, and the policy as their scheduler. Generated."
        ),
        _uses(policy),
        "\n".join(
            [
                _constant("CASE", "&str", string(data["case"]), "Name of the workload."),
                _constant("M", "usize", len(tasks), "Number of tasks."),
                _constant("HORIZON", "u32", data["horizon"], "Ticks of the episode."),
                _constant("CAPACITY", "usize", capacity, "Tasks that the policy observes."),
                _constant(
                    "IDLE_ALWAYS",
                    "bool",
                    "true" if data["idle"] == "always-allowed" else "false",
                    "Whether the mask allows idling while a task is ready.",
                ),
                _constant(
                    "OBSERVATION",
                    "usize",
                    f"{_VALUES[kind]} * CAPACITY",
                    "Values that `observe` writes.",
                ),
                _constant("ACTIONS", "usize", "CAPACITY + 1", "A task each, and idling."),
                _constant(
                    "MASKED", "bool", "true" if policy.masked else "false", "Whether masks count."
                ),
                _constant(
                    "VALUES",
                    "usize",
                    "MAX_ITEMS * FEATURES" if policy.scorer else "INPUTS",
                    "The most values that the policy observes.",
                ),
                _constant("LOGITS", "usize", "OUTPUTS", "The most logits."),
            ]
        ),
        _tasks(tasks),
        _table(data["table"], data.get("table_note", "")),
        _jobs(data["jobs"], len(tasks)),
        _SCORER_GLUE if policy.scorer else _STACK_GLUE,
        _choose(policy),
        _observe(kind),
        _LEARNED,
    ]
    return "\n\n".join(parts) + "\n"


def _uses(policy: QuantisedPolicy) -> str:
    names = ["BITS", "FEATURES", "MAX_ITEMS"] if policy.scorer else ["BITS", "INPUTS"]
    return (
        f"use crate::{{{', '.join([*names, 'OUTPUTS'])}}};\n"
        "use sched::{Job, Parameters, Policy, System};"
    )


def _constant(name: str, kind: str, value: Any, about: str) -> str:
    return f"/// {about}\npub const {name}: {kind} = {value};"


def _tasks(tasks: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(
        f"    Parameters {{\n        id: {number},\n        name: {string(task['name'])},\n"
        + "".join(
            f"        {field}: {task[field]},\n"
            for field in ("period", "deadline", "wcet", "offset")
        )
        + "    },\n"
        for number, task in enumerate(tasks)
    )
    return f"/// The tasks; times in ticks.\npub const TASKS: [Parameters; M] = [\n{rows}];"


def _table(table: Sequence[int] | None, note: str) -> str:
    about = comment(note or "The task of each tick, -1 for none.", "///")
    if table is None:
        return f"{about}\npub static TABLE: Option<&[i8]> = None;"
    return (
        f"{about}\n#[rustfmt::skip]\npub static TABLE: Option<&[i8]> = Some(&[\n"
        f"{filled([str(action) for action in table])}\n]);"
    )


def _jobs(jobs: Sequence[Sequence[Sequence[int]]] | None, count: int) -> str:
    about = "/// The jobs of each task; none: released on arrival, and each needs its WCET."
    if jobs is None:
        return f"{about}\npub static JOBS: [&[Job]; M] = [&[]; M];"
    rows = "\n".join(
        "    &[\n"
        + filled([f"Job {{ release: {r}, execution: {e} }}" for r, e in jobs[task]], 8)
        + "\n    ],"
        if jobs[task]
        else "    &[],"
        for task in range(count)
    )
    return f"{about}\n#[rustfmt::skip]\npub static JOBS: [&[Job]; M] = [\n{rows}\n];"


_STACK_GLUE = """\
/// What the policy observes.
pub type Input = [i32; INPUTS];
/// Which actions it may choose.
pub type Mask = [bool; ACTIONS];

/// Returns `values` as the policy takes them.
pub fn as_input(values: &[i32]) -> &Input {
    values.try_into().expect("policy: INPUTS values")
}

/// Returns `flags` as the policy takes them.
pub fn as_mask(flags: &[bool]) -> &Mask {
    flags.try_into().expect("policy: ACTIONS flags")
}

/// Writes the logits of `input`.
pub fn write_logits(input: &Input, output: &mut [i32]) {
    output.copy_from_slice(&crate::logits(input));
}"""

_SCORER_GLUE = """\
/// What the policy observes.
pub type Input = [[i32; FEATURES]];
/// Which actions it may choose.
pub type Mask = [bool];

/// Returns `values` as the policy takes them.
pub fn as_input(values: &[i32]) -> &Input {
    values.as_chunks().0
}

/// Returns `flags` as the policy takes them.
pub fn as_mask(flags: &[bool]) -> &Mask {
    flags
}

/// Writes the logits of `input`.
pub fn write_logits(input: &Input, output: &mut [i32]) {
    crate::logits(input, output);
}"""


def _choose(policy: QuantisedPolicy) -> str:
    name, call = ("mask", "infer(input, mask)") if policy.masked else ("_mask", "infer(input)")
    return (
        "/// Returns the policy's action.\n#[inline(always)]\n"
        f"pub fn choose(input: &Input, {name}: &Mask) -> usize {{\n    crate::{call}\n}}"
    )


def _observe(kind: str) -> str:
    if kind == "items":
        body = (
            "let (rows, _) = out.as_chunks_mut();\n"
            "    sched::items::observe::<M, { sched::most_jobs(&TASKS) }>(system, BITS, rows);"
        )
    else:
        body = f"sched::observe::{kind}(system, CAPACITY, BITS, out);"
    return (
        "/// Writes what the policy observes.\n"
        "pub fn observe(system: &System<M>, out: &mut [i32; OBSERVATION]) {\n"
        f"    {body}\n}}"
    )


_LEARNED = """\
/// Returns which actions make sense: ready tasks, and idling.
pub fn mask(system: &System<M>) -> [bool; ACTIONS] {
    let mut mask = [false; ACTIONS];
    sched::mask(system, IDLE_ALWAYS, &mut mask);
    mask
}

/// The policy as a scheduler.
pub struct Learned;

impl Policy<M> for Learned {
    fn choose(&mut self, system: &System<M>) -> Option<usize> {
        let mut observation = [0; OBSERVATION];
        observe(system, &mut observation);
        let action = choose(as_input(&observation), &mask(system));
        (action < M).then_some(action)
    }
}"""
