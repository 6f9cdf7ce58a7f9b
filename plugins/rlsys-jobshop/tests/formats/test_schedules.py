"""Schedules as JSON: what is written, what is read back, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlsys.errors import UserError
from rlsys_jobshop.formats import read_schedule, schedule_document, write_schedule
from rlsys_jobshop.problem import Entry, Schedule

PLAIN = "2 2\n0 3 1 2\n1 4 0 1\n"
NAMED = """\
time_zone: Europe/Berlin
start: 2026-03-29T01:00
unit: hour
machines: [{name: M}, {name: Crane}, {}]
jobs:
  - {name: A, operations: [{name: lift, machines: [Crane, M], duration: 2}]}
  - {operations: [{machine: 2, duration: 1}]}
"""


@pytest.fixture
def plain(read: Any) -> Schedule:
    columns = ([0, 1, 2, 3], [0, 4, 0, 4], [3, 6, 4, 5], [0, 2, 1, 3])
    return Schedule(read(PLAIN), *(np.array(column) for column in columns))


@pytest.fixture
def named(read: Any) -> Schedule:
    columns = ([0, 1], [0, 0], [2, 1], [0, 1])
    return Schedule(read(NAMED, "a.yaml"), *(np.array(column) for column in columns))


def test_the_document_is_numbered_from_0(plain: Schedule) -> None:
    assert schedule_document(plain) == {
        "makespan": 6,
        "operations": [
            {"job": 0, "operation": 0, "machine": 0, "start": 0, "end": 3},
            {"job": 1, "operation": 0, "machine": 1, "start": 0, "end": 4},
            {"job": 1, "operation": 1, "machine": 0, "start": 4, "end": 5},
            {"job": 0, "operation": 1, "machine": 1, "start": 4, "end": 6},
        ],
    }


def test_names_and_dates_stand_beside(named: Schedule) -> None:
    assert schedule_document(named)["operations"] == [
        {
            "job": 1,
            "operation": 0,
            "machine": 2,
            "start": 0,
            "end": 1,
            "start_date": "2026-03-29T01:00:00+01:00",
            "end_date": "2026-03-29T03:00:00+02:00",
        },
        {
            "job": 0,
            "operation": 0,
            "machine": 0,
            "machines": [0, 1],
            "start": 0,
            "end": 2,
            "job_name": "A",
            "operation_name": "lift",
            "machine_name": "M",
            "machine_names": ["M", "Crane"],
            "start_date": "2026-03-29T01:00:00+01:00",
            "end_date": "2026-03-29T04:00:00+02:00",
        },
    ]


@pytest.mark.parametrize("kind", ["plain", "named"])
def test_what_is_written_is_read_back(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    schedule: Schedule = request.getfixturevalue(kind)
    path = tmp_path / "schedule.json"
    write_schedule(schedule, path)
    assert json.loads(path.read_text(encoding="utf-8")) == schedule_document(schedule)
    assert read_schedule(path) == schedule.entries()
    assert not (tmp_path / "schedule.json.part").exists()


def test_a_disk_that_is_full_leaves_the_old_file(
    plain: Schedule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "schedule.json"
    path.write_text("old", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match=r"schedule\.json: cannot be written: No space left"):
        write_schedule(plain, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.glob("schedule*")] == ["schedule.json"]


def test_a_file_from_elsewhere_needs_few_keys(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    rows = [{"job": 1, "operation": 1, "machine": 0, "start": 4.0, "end": 5, "colour": "red"}]
    path.write_text("\ufeff" + json.dumps({"solver": "x", "operations": rows}), encoding="utf-8")
    assert read_schedule(path) == [Entry(1, 1, (0,), 4, 5)]


def test_an_invalid_schedule_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    rows = [{"job": 1, "operation": 1, "machines": [1, 0], "start": -7, "end": -9}] * 2
    path.write_text(json.dumps({"operations": rows}), encoding="utf-8")
    assert read_schedule(path) == [Entry(1, 1, (0, 1), -7, -9)] * 2


ROW = '{"job": 0, "operation": 0, "machine": 0, "start": 0, "end": 3}'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (ROW, ROW + ",", "line 1: not valid JSON: "),
        ('{"operations"', '{"rows"', 'must be {"makespan": ..., "operations": [...]}'),
        (f'{{"operations": [{ROW}]}}', "[]", 'must be {"makespan": ..., "operations": [...]}'),
        (ROW, "[0, 0, 0, 0, 3]", "operations[0]: must map keys to values, not be [0, 0, 0, 0, 3]"),
        ('"end": 3', '"ende": 3', "operations[0] (job 0): end: missing; it must be given"),
        ('"start": 0', '"start": 0.5', "operations[0] (job 0): start: must be a whole number, not"),
        ('"start": 0', '"start": NaN', "NaN is not a number"),
        ('"start": 0', '"start": 1e400', "operations[0] (job 0): start: must be a whole number"),
        ('"start": 0', '"start": 1e300', "operations[0] (job 0): start: 1"),
        ('"start": 0', '"start": true', "start: must be a whole number, not true"),
        ('"start": 0', '"start": "0"', 'start: must be a whole number, not "0"'),
        ('"start": 0', '"start": null', "start: must be a whole number, not null"),
        ('"start": 0', '"start": 0, "start": 1', "the key 'start' is given twice; delete one"),
        ('"machine": 0', '"machine": "M"', 'machine: must be a whole number, not "M"'),
        ('"machine": 0', '"machines": []', "machines: must be a list of numbers, not []"),
        ('"machine": 0', '"machines": [0, 0]', "machines: [0, 0] has a machine twice"),
        ('"machine": 0', '"machine": 1, "machines": [0]', "machine: is not among the machines [0]"),
        ('{"operations"', '{"makespan": 4, "operations"', "makespan: 4 is stated, but the last e"),
        ('{"operations"', '{"makespan": null, "operations"', "makespan: must be a whole number"),
    ],
)
def test_a_malformed_schedule_is_one_clear_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = f'{{"operations": [{ROW}]}}'
    assert old in text
    path = tmp_path / "bad.json"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_schedule(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
