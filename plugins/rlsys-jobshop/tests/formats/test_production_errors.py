"""A wrong production file is one line that names file, line and key."""

from __future__ import annotations

from typing import Any

import pytest

SHOP = """\
time_zone: Europe/Berlin
start: 2026-03-23T06:00
unit: minute
machine_types: [lathe, mill]
calendars:
  - {name: day, hours: {mon-fri: "06:00-13:00"}}
families: [steel, brass]
setups:
  - name: lathe
    between: {steel: {brass: 5}, brass: {steel: 6}}
machines:
  - {name: L, type: lathe, calendar: day}
  - {name: M, type: mill}
jobs:
  - name: A
    operations:
      - {name: a, machine: L, duration: 60, family: steel}
      - {name: b, machine: M, duration: 30}
  - name: B
    operations:
      - {name: c, machine_type: mill, duration: 10}
"""
LINES = SHOP.splitlines()

CASES = [
    ("unit: minute", "unit: day", "line 3: unit: "),
    ("unit: minute", "units: minute", "line 3: units: unknown key (did you mean 'unit'?"),
    ("machine: L,", "machin: L,", "line 17: jobs[0].operations[0].machin: unknown key (did you"),
    ("machine: L,", "machine: K,", "line 17: jobs[0].operations[0].machine: there is no machine"),
    ("machine: L,", "machine: true,", "operations[0].machine: must be a name, not True"),
    (
        "machine: L, ",
        "",
        "line 17: jobs[0].operations[0]: needs one of machine, machines, machine_",
    ),
    ("machine: L,", "machine: L, machine_type: lathe,", "not machine and machine_type"),
    ("machine: L,", "machines: [],", "line 17: jobs[0].operations[0].machines: "),
    ("machine: L,", "machines: [L, L],", "machines[1]: the name 'L' is given twice"),
    ("machine: L,", "machines: [L, K],", "machines[1]: there is no machine 'K'"),
    ("machine: L,", "alternatives: [],", "line 17: jobs[0].operations[0].alternatives: "),
    ("machine: L,", "alternatives: [{machine: L}, {machine: L}],", "machine 0 is listed twice"),
    ("machine: L,", "alternatives: [{machine: L}, {}],", "alternatives[1]: needs one of machine"),
    ("duration: 60, ", "", "line 17: jobs[0].operations[0].duration: missing; it must be given"),
    ("duration: 60", "duration: -1", "line 17: jobs[0].operations[0].duration: must be a whole"),
    ("duration: 60", "duration: .nan", "duration: must be a whole number of units, at least 0"),
    ("duration: 60", "duration: .inf", "duration: must be a whole number of units, at least 0"),
    ("duration: 60", "duration: 1.5", "duration: must be a whole number of units, at least 0"),
    ("duration: 60", "duration: true", "duration: must be a whole number of units, at least 0"),
    ("duration: 60", "duration: '60'", "duration: must be a whole number of units, at least 0"),
    ("duration: 60", "duration: 2 days", "duration: must be a whole number of units, at least 0"),
    ("duration: 60", "duration: 90s", "duration: '90s' is not a whole number of minutes; choose"),
    (
        "duration: 60",
        "duration: 1e300",
        "duration: 1e+300 is too long",
    ),
    ("duration: 60", "duration: 8h", "line 17: job 0 (A), operation 0 (a): duration: 480 fits in"),
    ("family: steel}", "family: stel}", "family: there is no setup family 'stel' (did you mean 's"),
    (", family: steel}", "}", "operations[0].family: missing; machine L has setup times"),
    ("name: B", "name: A", "line 19: jobs[1].name: the name 'A' is given twice"),
    ("name: B", "name: ''", "line 19: jobs[1].name: a name must not be empty"),
    ("name: B", "name: [B]", "line 19: jobs[1].name: must be a name"),
    ("name: B", "name: 1.10", "line 19: jobs[1].name: must be a name, not 1.1; put it in quotes"),
    ("name: M,", "name: L,", "line 13: machines[1].name: the name 'L' is given twice"),
    ("[lathe, mill]", "[lathe, lathe]", "line 4: machine_types[1]: the name 'lathe' is given tw"),
    ("[lathe, mill]", "[lathe, mill, oven]\nx: 1", "line 5: x: unknown key"),
    ("[steel, brass]", "[steel, steel]", "line 7: families[1]: the name 'steel' is given twice"),
    ("families: [steel, brass]", "families: []", "setups[0]: needs `families`"),
    ("machine_type: mill", "machine_type: oven", "line 21: jobs[1].operations[0].machine_type: th"),
    ("type: mill}", "type: mil}", "line 13: machines[1].type: there is no machine type 'mil'"),
    (", type: mill}", "}", "line 13: machines[1].type: missing; if one machine has a type, all"),
    ("calendar: day", "calendar: dya", "line 12: machines[0].calendar: there is no calendar 'dya'"),
    ("day, hours", "day, hour", "line 6: calendars[0].hour: unknown key (did you mean 'hours'"),
    (', hours: {mon-fri: "06:00-13:00"}}', "}", "line 6: calendars[0]: is empty; give hours"),
    ('hours: {mon-fri: "06:00-13:00"}}', "windows: []}", "line 6: calendars[0]: is empty"),
    ('hours: {mon-fri: "06:00-13:00"}}', "windows: [[5, 3]]}", "ends at 3, before its start"),
    ('"06:00-13:00"}', '"06:00-13:00"}, holidays: [2026-04-31]', "there is no date '2026-04-31'"),
    (
        '"06:00-13:00"}',
        '"06:00-13:00"}, breaks: ["05:00-14:00"]',
        "calendars[0]: day: a calendar is e",
    ),
    ("{brass: 5}, ", "{bras: 5}, ", "line 10: setups[0].between.steel.bras: there is no setup"),
    ("steel: {brass: 5}, ", "", "setups[0].between.steel: 'brass' is missing; give its time"),
    ("name: lathe\n", "name: lath\n", "line 9: setups[0].name: no machine uses it"),
    ("Europe/Berlin", "Europe/Berln", "line 1: time_zone: there is no time zone 'Europe/Berln'; "),
    ("Europe/Berlin", "../etc", "line 1: time_zone: there is no time zone '../etc'"),
    ("Europe/Berlin", "Europe", "line 1: time_zone: there is no time zone 'Europe'"),
    ("time_zone: Europe/Berlin\n", "", "line 1: start: needs `time_zone`"),
    ("start: 2026-03-23T06:00\n", "", "line 1: time_zone: needs `start`"),
    ("2026-03-23T06:00", "2026-03-29T02:30", "start: clocks in Europe/Berlin jump over 2026-03-29"),
    ("2026-03-23T06:00", "7", "line 2: start: must be a date and time, not 7"),
    ("2026-03-23T06:00", "23.3.2026", "line 2: start: must be a date such as"),
    ("2026-03-23T06:00", "2026-13-23", "line 2: start: there is no date '2026-13-23'"),
    (
        "name: B\n",
        "name: B\n    due: 2026-03-22\n",
        "line 20: jobs[1].due: 2026-03-22 is before the",
    ),
    ("name: B\n", "name: B\n    due: -4\n", "line 20: jobs[1].due: -4 is before the start"),
    ("name: B\n", "name: B\n    release: -4\n", "line 20: jobs[1].release: -4 must be at least 0"),
    ("name: B\n", "name: B\n    important: often\n", "line 20: jobs[1].important: "),
    ("name: B\n", "name: B\n    name: C\n", "line 20: jobs[1]: the key 'name' is given twice"),
    (
        "name: B\n",
        "name: B\n    due: 2026-03-24\n    release: 2026-03-26\n",
        "line 20: jobs[1].due: 2026-03-24 is before the release 2026-03-26",
    ),
    (LINES[-1], "      []", "line 19: job 1 (B): operations: there is none"),
    (
        LINES[-1],
        "      none",
        "line 20: jobs[1].operations: input should be a valid list (got 'none')",
    ),
    ("hours: {mon", "windows: [[0, 1.5]], hours: {mon", "calendars[0].windows[0][1]: input should"),
    ("hours: {mon", "windows: [[0, 5]], hours: {mon", "has windows and weekly hours; give one of"),
    (', hours: {mon-fri: "06:00-13:00"}}', f", windows: [[0, {1 << 62}]]}}", "windows[0][1]: "),
    (
        "hours: {mon",
        "overtime: [[0, 5]], hours: {mon",
        "overtime without windows; beside hours give",
    ),
    (
        ', hours: {mon-fri: "06:00-13:00"}}',
        ", windows: [[0, 50]], overtime: [[40, 60]]}",
        "calendars[0].overtime: is not within the windows",
    ),
    (
        ', hours: {mon-fri: "06:00-13:00"}}',
        ", windows: [[0, 50]], overtime: [[60, 70]]}",
        "calendars[0].overtime: is not within the windows",
    ),
    ("jobs:\n", "jobs: []\nx:\n", "line 15: x: unknown key"),
    ("{name: c,", "{name: c, after: d,", "jobs[1].operations: job B: after: there is no operation"),
    ("{name: c,", "{name: c, after: c,", "after: operations form a cycle: c after c"),
]


@pytest.mark.parametrize(("old", "new", "said"), CASES, ids=[new for _, new, _ in CASES])
def test_the_line_names_the_place(refused: Any, old: str, new: str, said: str) -> None:
    assert old in SHOP
    assert said in refused(SHOP.replace(old, new, 1), "shop.yaml")


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"a": "b", "b": "a"}, "after: operations form a cycle: a after b after a"),
        ({"b": "a", "c": "a"}, "after: b and c have no order"),
        ({"c": "b"}, "after: a and b have no order"),
        ({"b": "x"}, "after: there is no operation 'x' in this job (a, b, c)"),
    ],
)
def test_operations_that_are_no_chain_are_refused(
    refused: Any, order: dict[str, str], said: str
) -> None:
    steps = [
        f"  - {{name: {name}, machine: 0, duration: 1"
        + (f", after: {order[name]}" if name in order else "")
        + "}\n"
        for name in "abc"
    ]
    text = "machines: 1\njobs:\n- operations:\n" + "".join(steps)
    assert f"line 3: jobs[0].operations: {said}" in refused(text, "a.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n- b\n", "must map keys to values; it is a list"),
        ("just text", "must map keys to values; it is a str"),
        ("a: [1\n", "not valid YAML"),
        ("a: !!python/object:os.system x\n", "not valid YAML: could not determine a constructor"),
        ("machines: 0\njobs: []\n", "line 1: machines: must lie between 1 and 100000, not 0"),
        ("machines: []\njobs: []\n", "jobs: there is none; a problem needs at least one job"),
        ("machines: 1\n", "jobs: missing; it must be given"),
        ("a: &a [*a]\n", "is nested too deeply"),
        ("a: " + "[" * 100_000, "line 1: is nested too deeply"),
        ("- " * 50_000, "line 1: is nested too deeply"),
        ("x: " + "9" * 5000, "a number or tag cannot be read"),
        ("# only a comment\n", "machines: missing; it must be given (and 1 more)"),
    ],
)
def test_what_is_no_production_file_is_refused(refused: Any, text: str, said: str) -> None:
    assert said in refused(text, "a.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"machines": 1,\n "jobs": [}', "a.json: line 2: not valid JSON: expecting value"),
        ('{"machines": 1,\n "machines": 2}', "the key 'machines' is given twice; delete one"),
        ('{"important_weight": NaN}', "NaN is not a number"),
        (
            '{"machines": 1,\n "jobs": [\n {"nmae": 1}]}',
            "a.json: line 3: jobs[0].nmae: unknown key",
        ),
        ('{\n\t"machines": 1,\n\t"job": "\\ud83d\\ude00"}', "a.json: line 3: job: unknown key"),
        ('{"a": ' * 200_000, "is nested too deeply"),
    ],
)
def test_json_has_lines_too(refused: Any, text: str, said: str) -> None:
    assert said in refused(text, "a.json")


def test_a_type_without_a_machine_is_named(refused: Any) -> None:
    text = SHOP.replace("[lathe, mill]", "[lathe, mill, oven]").replace(
        "machine_type: mill", "machine_type: oven"
    )
    said = refused(text, "shop.yaml")
    assert "line 21: jobs[1].operations[0].machine_type: there is no machine of the type" in said


def test_machines_that_are_never_open_together_are_refused(refused: Any) -> None:
    text = SHOP.replace(
        "  - {name: day,", '  - {name: night, hours: {daily: "20:00-23:00"}}\n  - {name: day,'
    )
    text = text.replace("type: mill}", "type: mill, calendar: night}")
    text = text.replace(
        "machine: L, duration: 60", "machines: [L, M], duration: 60, interruptible: true"
    )
    assert "machine 0 and machine 1 are never open together" in refused(text, "shop.yaml")
