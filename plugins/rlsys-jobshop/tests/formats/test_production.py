"""The production format: what a planner writes, and what it means."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlsys_jobshop.formats import read_instance
from rlsys_jobshop.problem import FOREVER

EXAMPLE = Path(str(files("rlsys_jobshop.formats"))) / "examples" / "valves.yaml"

SHOP = """\
time_zone: Europe/Berlin
start: 2026-03-23T06:00
calendars:
  - {name: day, hours: {mon-fri: "06:00-13:00"}}
machines:
  - {name: M, calendar: day}
jobs:
  - name: A
    operations:
      - {machine: M, duration: 8h, interruptible: true}
"""


def test_the_example_is_read_as_its_comments_say() -> None:
    instance = read_instance(EXAMPLE)
    given = instance.description
    assert (instance.name, given.types) == ("valves", ("lathe", "mill", "oven", "crane"))
    assert given.clock is not None
    assert given.clock.start.isoformat() == "2026-03-23T06:00:00+01:00"
    shifts = given.machines[0].calendar
    assert list(zip(shifts.opens[:4], shifts.closes[:4], strict=True)) == [
        (0, 180),
        (195, 720),
        (750, 960),
        (1440, 1620),
    ]
    saturday = 5 * 1440
    assert (saturday, saturday + 360) in zip(
        shifts.opens.tolist(), shifts.closes.tolist(), strict=True
    )
    nights = given.machines[3].calendar
    assert (int(nights.opens[0]), int(nights.closes[0])) == (16 * 60, 24 * 60)
    assert given.machines[4].calendar.is_always
    assert given.machines[0].family == 0
    assert given.machines[1].available == 1440
    assert [machine.setups for machine in given.machines] == [0, 0, None, None, None]
    assert given.setups[0].between == [[0, 45], [60, 0]]
    assert list(given.setups[0].first) == [20, 20]
    first, second = given.jobs
    assert (first.due, first.important) == (5 * 1440 - 360, True)
    assert (second.release, second.due) == (1440 + 360, None)
    assert [step.name for step in second.operations] == ["turn", "mill"]
    turn, lift, mill, _ = first.operations
    assert [(mode.duration, mode.machines) for mode in turn.modes] == [(150, (0,)), (150, (1,))]
    assert lift.modes[0].machines == (2, 4)
    assert mill.interruptible


def test_json_and_yaml_of_one_document_give_the_same_problem(tmp_path: Path) -> None:
    document = yaml.load(EXAMPLE.read_text(encoding="utf-8"), yaml.BaseLoader)
    numbers = {"important_weight"}
    document = {k: int(v) if k in numbers else v for k, v in document.items()}
    for job in document["jobs"]:
        for operation in job["operations"]:
            for row in (operation, *operation.get("alternatives", ())):
                if row.get("duration", "").isdigit():
                    row["duration"] = int(row["duration"])
    document["setups"][0]["first"] = {"steel": 20, "brass": 20}
    path = tmp_path / "valves.json"
    path.write_text(json.dumps(document, indent="\t"), encoding="utf-8")
    one, other = read_instance(path), read_instance(EXAMPLE)
    assert one.calendars == other.calendars
    assert one.duration.tolist() == other.duration.tolist()
    assert one.setups.tolist() == other.setups.tolist()


def test_eight_hours_span_a_day_of_seven(read: Any) -> None:
    instance = read(SHOP, "shop.yaml")
    assert instance.duration.tolist() == [480]
    assert instance.calendars[1].longest == 420


def test_eight_hours_that_no_break_may_interrupt_are_one_clear_line(refused: Any) -> None:
    said = refused(SHOP.replace(", interruptible: true", ""), "shop.yaml")
    assert said.startswith("shop.yaml: line 10: job 0 (A), operation 0: duration: 480 fits in no ")


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("90", 90),
        ("90.0", 90),
        ("9e1", 90),
        ("1h 30min", 90),
        ("1h30min", 90),
        ("1.5 hours", 90),
        ("90 min", 90),
        ("5400s", 90),
        ("0", 0),
    ],
)
def test_durations(read: Any, text: str, units: int) -> None:
    text = SHOP.replace("duration: 8h", f"duration: {text}")
    assert read(text, "shop.yaml").duration.tolist() == [units]


@pytest.mark.parametrize(
    ("date", "release", "due"),
    [
        ("2026-03-24", 1080, 2520),
        ("2026-03-24T06:00", 1440, 1440),
        ("2026-03-24T05:00Z", 1440, 1440),
        ("2026-03-29", 8280, 9660),
        ("2026-03-24T06:00:30", 1441, 1440),
        ("77", 77, 77),
    ],
)
def test_a_date_is_a_release_at_its_beginning_and_a_due_date_at_its_end(
    read: Any, date: str, release: int, due: int
) -> None:
    text = SHOP.replace("  - name: A\n", f"  - name: A\n    release: {date}\n")
    assert read(text, "shop.yaml").release.tolist() == [release]
    text = SHOP.replace("  - name: A\n", f"  - name: A\n    due: {date}\n")
    assert read(text, "shop.yaml").due.tolist() == [due]


def test_what_was_released_before_the_start_is_released_at_the_start(read: Any) -> None:
    text = SHOP.replace("  - name: A\n", "  - name: A\n    release: 2026-03-01\n")
    assert read(text, "shop.yaml").release.tolist() == [0]


def test_times_may_be_plain_numbers_and_machines_a_number(read: Any) -> None:
    instance = read("machines: 2\njobs:\n- operations:\n  - {machine: 1, duration: 5}\n", "a.yaml")
    assert instance.description.clock is None
    assert instance.mode_machines.tolist() == [1]


def test_names_are_text_whatever_yaml_1_1_makes_of_them(read: Any) -> None:
    names = ["010", "8", "no", "14:00", "1_0", "0x8", "2026-03-23"]
    machines = "".join(f"- name: {name}\n" for name in names)
    steps = "".join(f"  - {{machine: {name}, duration: 1}}\n" for name in names)
    instance = read(f"machines:\n{machines}jobs:\n- operations:\n{steps}", "a.yaml")
    assert [machine.name for machine in instance.description.machines] == names
    assert instance.mode_machines.tolist() == list(range(7))


def test_windows_in_units_need_no_clock(read: Any) -> None:
    instance = read(
        "calendars: [{name: c, windows: [[0, 8], [9, null]]}]\nmachines: [{name: M, calendar: c}]\n"
        "jobs: [{operations: [{machine: M, duration: 20}]}]\n",
        "a.yaml",
    )
    assert instance.calendars[1].closes.tolist() == [8, FOREVER]


def test_setup_times_without_otherwise_and_with_it(read: Any) -> None:
    head = "families: [a, b]\nmachines: [{name: M, setups: t}]\n"
    jobs = "jobs: [{operations: [{machine: M, duration: 1, family: b}]}]\n"
    table = "setups: [{name: t, otherwise: 7, between: {a: {b: 3}, b: {b: 2}}}]\n"
    instance = read(head + table + jobs, "a.yaml")
    assert instance.setups[1].tolist() == [[0, 0], [0, 3], [7, 2]]
    table = "setups: [{name: t, otherwise: 7, first: {a: 1}}]\n"
    assert read(head + table + jobs, "a.yaml").setups[1].tolist() == [[1, 7], [0, 7], [7, 0]]


def test_anchors_and_merge_keys_save_typing(read: Any) -> None:
    instance = read(
        "machines: [{name: M}, {name: N}]\njobs:\n- operations:\n"
        "  - &step {machine: M, duration: 5}\n  - {<<: *step, machine: N}\n",
        "a.yaml",
    )
    assert instance.mode_machines.tolist() == [0, 1]
    assert instance.duration.tolist() == [5, 5]
