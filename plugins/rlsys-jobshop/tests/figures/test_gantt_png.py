"""The PNG shows every machine, every operation and what holds them up."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.dates import num2date
from matplotlib.figure import Figure

from rlsys.errors import UserError
from rlsys_jobshop.figures import gantt_png
from rlsys_jobshop.figures.colours import LATE, job_colours
from rlsys_jobshop.figures.gantt_png import LONGEST, draw
from rlsys_jobshop.instances import classic
from rlsys_jobshop.rules import RULES, dispatch


def drawn(schedule):
    figure = Figure(layout="constrained")
    draw(schedule, figure)
    (axes,) = figure.axes
    return figure, axes


def spans(collection):
    return [tuple(path.get_extents().intervalx) for path in collection.get_paths()]


def test_bars_setups_breaks_and_closed_time_lie_where_they_are(workshop):
    _, axes = drawn(workshop)
    start = workshop.instance.description.clock.start

    def hours(collection):
        pairs = spans(collection)
        return [
            tuple(round((num2date(x) - start).total_seconds() / 3600, 3) for x in p) for p in pairs
        ]

    closed, whole, worked, outline, setups = [hours(c) for c in axes.collections[:5]]
    assert closed == [(4, 5)]
    assert whole == outline == [(1, 7), (9, 12)]
    assert worked == [(1, 4), (5, 7), (9, 12)]
    assert setups == [(0, 1), (7, 9)]
    assert axes.collections[4].get_hatch() == "//////"
    due = [line for line in axes.get_lines() if line.get_marker() == "v"]
    assert [round(24 * (line.get_xdata()[0] - axes.get_xlim()[0]), 3) for line in due] == [8]


def test_a_late_jobs_last_bar_has_a_red_edge_and_others_have_none(workshop):
    figure, axes = drawn(workshop)
    outlines = [axes.collections[3], axes.collections[8]]
    edges = [[to_hex(e) for e in outline.get_edgecolor()] for outline in outlines]
    assert edges == [["#ffffff", "#ffffff"], [LATE]]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["setup", "closed", "interrupted by a break", "due date", "late job ends"]


def test_a_classic_instance_has_plain_numbers_and_no_legend():
    schedule = dispatch(classic("ft06"), RULES["mwkr"])[0]
    figure, axes = drawn(schedule)
    assert figure.legends == []
    assert axes.get_xlabel() == "time"
    assert axes.get_xlim() == (0, schedule.makespan)
    assert all(tick == round(tick) for tick in axes.get_xticks())
    assert [label.get_text() for label in axes.get_yticklabels()] == [str(n) for n in range(6)]
    bars = sum(len(collection.get_paths()) for collection in axes.collections[2::5])
    assert bars == 36


@pytest.mark.slow
def test_152_machines_each_have_a_name_that_does_not_touch_the_next(largest, tmp_path):
    path = tmp_path / "large.png"
    gantt_png(largest, path)
    height = int.from_bytes(path.read_bytes()[20:24], "big")
    assert height > 152 * 6.5 * 150 / 72  # lines of text of 6.5 points at 150 dots per inch


def test_names_of_a_stranger_are_shown_as_they_are_and_break_nothing(hostile, tmp_path):
    _, axes = drawn(hostile)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert "5$\\frac{1}{0}$ $x" in labels
    assert "6two lines tab [31m" in labels
    assert max(map(len, labels)) == LONGEST
    gantt_png(hostile, tmp_path / "hostile.png")  # a letter without a glyph is a warning, no error
    assert (tmp_path / "hostile.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_that_cannot_be_written_is_one_line_and_no_settings_change(workshop, tmp_path):
    before = dict(mpl.rcParams)
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(UserError, match="cannot be written"):
        gantt_png(workshop, tmp_path / "folder" / "gantt.png")
    assert dict(mpl.rcParams) == before


def test_many_jobs_all_have_different_colours():
    assert job_colours(2) == ["#0072b2", "#d55e00"]
    assert all(len(set(job_colours(jobs))) == jobs for jobs in (1, 6, 7, 100, 500))


def test_a_schedule_of_operations_without_duration_can_be_drawn(tmp_path):
    from rlsys_jobshop.problem import Description, Job, Machine, Mode, Operation, Schedule, build

    nothing = Job((Operation((Mode(0, (0,)),)),))
    instance = build(Description("nothing", (nothing, nothing), (Machine(),)))
    zeros = np.zeros(2, np.int64)
    gantt_png(Schedule(instance, np.arange(2), zeros, zeros, np.arange(2)), tmp_path / "zero.png")
    assert (tmp_path / "zero.png").exists()
