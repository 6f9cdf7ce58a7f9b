"""The page's own functions, run by Node.js: ticks, words, finding."""

from __future__ import annotations

import json
import subprocess
from importlib.resources import files

import pytest

from rlsys_jobshop.figures.chart_data import chart_data

AXIS = ("text.js", "time_axis.js")
FINDING = ("text.js", "finding.js")


@pytest.fixture
def in_node(need):
    """Return a function: what a JavaScript expression gives, after some scripts of the page."""
    node = need("node", package="nodejs")
    folder = files("rlsys_jobshop.figures") / "page"

    def run(data, expression, *scripts):
        sources = "".join((folder / name).read_text(encoding="utf-8") for name in scripts)
        program = (
            f'"use strict";{sources}\nconst data = {json.dumps(data)};\n'
            f"process.stdout.write(JSON.stringify({expression}));"
        )
        done = subprocess.run(
            [node, "-"], input=program, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def berlin(start: float, unit: int, offsets: list[list[float]]) -> dict[str, object]:
    return {"clock": {"first": start, "unit": unit, "zone": "Europe/Berlin", "offsets": offsets}}


def test_ticks_without_a_clock_are_round_numbers(in_node):
    span = "ticks({clock: null}, [7, 93], 10).map((tick) => tick.time)"
    assert in_node(None, span, *AXIS) == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    span = "ticks({clock: null}, [2, 4], 10).map((tick) => tick.text)"
    assert in_node(None, span, *AXIS) == ["2", "3", "4"]


def test_ticks_with_a_clock_are_whole_hours_on_the_wall_also_when_the_clocks_change(in_node):
    # Minutes from midnight before the clocks in Berlin go from 2 to 3, and from 3 to 2.
    forward = berlin(1774738800, 60, [[0, 3600], [120, 7200]])
    found = in_node(forward, "ticks(data, [0, 300], 6)", *AXIS)
    assert [(t["time"], t["text"]) for t in found] == [
        (0, "Sun 29 Mar"), (60, "01:00"), (120, "03:00"), (180, "04:00"), (240, "05:00"),
        (300, "06:00"),
    ]  # fmt: skip
    back = berlin(1792879200, 60, [[0, 7200], [180, 3600]])
    found = in_node(back, "ticks(data, [60, 300], 6)", *AXIS)
    assert [(t["time"], t["text"]) for t in found] == [
        (60, "01:00"), (120, "02:00"), (180, "02:00"), (240, "03:00"), (300, "04:00"),
    ]  # fmt: skip


def test_ticks_of_days_stay_at_midnight_after_the_clocks_change(in_node):
    data = berlin(1774652400, 3600, [[0, 3600], [26, 7200]])  # 28 March, midnight
    found = in_node(data, "ticks(data, [0, 100], 5)", *AXIS)
    assert [(t["time"], t["text"], t["isDay"]) for t in found] == [
        (0, "Sat 28 Mar", True), (24, "Sun 29 Mar", True), (47, "Mon 30 Mar", True),
        (71, "Tue 31 Mar", True), (95, "Wed 1 Apr", True),
    ]  # fmt: skip


@pytest.mark.parametrize("days", [8, 60, 400, 5000, 300_000])
def test_long_spans_have_few_ticks(in_node, days):
    data = berlin(1774652400, 60, [[0, 3600]])
    span = f"ticks(data, [0, {days * 1440}], 10).length"
    assert 1 <= in_node(data, span, *AXIS) <= 11


def test_a_span_is_kept_inside_the_schedule(in_node):
    cases = "[[-5, 5], [95, 105], [-50, 500], [50, 50], [40, 60]].map((s) => fitted(...s, 100, 4))"
    assert in_node(None, cases, *AXIS) == [[0, 10], [90, 100], [0, 100], [48, 52], [40, 60]]
    assert in_node(None, "zoomed([0, 100], 0.5, 20)", *AXIS) == [10, 60]


def test_an_operation_is_described_with_all_that_matters(in_node, workshop):
    data = chart_data(workshop)
    assert in_node(data, "operationLines(data, 0)", *FINDING) == [
        "red, operation 0 (turn)",
        "on lathe",
        "Sun 29 Mar 01:00 to Sun 29 Mar 08:00",
        "work 5 h",
        "setup 1 h",
        "family steel",
        "due Sun 29 Mar 09:00, 1 h late",
    ]
    assert "important" in in_node(data, "operationLines(data, 2)", *FINDING)


def test_durations_are_said_in_the_largest_units(in_node):
    data = berlin(0, 1, [[0, 0]])
    said = in_node(data, "[0, 59, 3600, 9005].map((t) => durationText(data, t))", *FINDING)
    assert said == ["0 min", "59 s", "1 h", "2 h 30 min 5 s"]
    assert in_node({"clock": None}, "durationText(data, 90)", *FINDING) == "90"


def test_machines_are_filtered_by_name_and_type(in_node, workshop):
    data = chart_data(workshop)
    filters = '[["", ""], ["LAT", ""], ["heat", ""], ["", "1"], ["lathe", "1"], ["x", ""]]'
    found = in_node(data, f"{filters}.map((f) => shownMachines(data, ...f))", *FINDING)
    assert found == [[0, 1], [0], [1], [1], [], []]


def test_a_job_is_found_by_its_whole_name_before_parts_of_names(in_node):
    data = {"jobs": {"name": ["1", "10", "21", "A.*"]}}
    wanted = '["1", "0", "a.*", "(", " 21 "].map((text) => namedJobs(data, text))'
    assert in_node(data, wanted, *FINDING) == [[0], [1], [3], [], [2]]


def test_late_and_important_jobs_stand_out(in_node, workshop):
    data = chart_data(workshop)
    calls = '[["", "all", null], ["", "late", null], ["", "important", null], ["", "all", 2]]'
    shown = "(jobs) => (jobs === null ? null : [...jobs])"
    found = in_node(data, f"{calls}.map((c) => outstandingJobs(data, ...c)).map({shown})", *FINDING)
    assert found == [None, [0], [1], [1]]


def test_what_lies_under_the_mouse_is_found_as_by_looking_at_every_bar(in_node, largest):
    data = chart_data(largest)
    looked = """data.rows.map((row, machine) => {
      for (let time = 0; time < data.makespan; time += 37) {
        const {start, end} = data.operations;
        const there = row.filter((o) => start[o] <= time && time <= end[o]);
        const found = operationAt(data, machine, time, 0);
        if (there.length ? !there.includes(found) : found !== null) return [machine, time];
      }
      return null;
    }).filter((wrong) => wrong !== null)"""
    assert in_node(data, looked, *FINDING) == []
