"""The utilisation chart shows the measures of each controller."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from rlsys_jobshop.checking import measure
from rlsys_jobshop.figures import utilisation_png
from rlsys_jobshop.figures.utilisation import draw
from rlsys_jobshop.instances import classic
from rlsys_jobshop.rules import RULES, dispatch


def test_each_controller_has_a_mark_per_machine_type(workshop):
    figure = Figure()
    draw({"by hand": workshop, "again $x": workshop}, figure, "case: utilisation")
    (axes,) = figure.axes
    first, second = axes.get_lines()
    # 8 of the lathe's 11 open hours, 2 of the oven's 12.
    assert first.get_xdata() == pytest.approx([100 * 8 / 11, 100 * 2 / 12])
    assert second.get_xdata() == pytest.approx(first.get_xdata())
    assert [text.get_text() for text in axes.get_yticklabels()] == ["turning", "heat"]
    assert first.get_label() == "by hand, all together 43 %"


def test_machines_are_the_rows_where_there_is_only_one_type(tmp_path):
    schedule = dispatch(classic("ft06"), RULES["mwkr"])[0]
    figure = Figure()
    draw({"mwkr": schedule}, figure, "ft06")
    (line,) = figure.axes[0].get_lines()
    shares = measure(schedule).machine_utilisation
    assert line.get_xdata() == pytest.approx([100 * share for share in shares])
    utilisation_png({"mwkr": schedule}, tmp_path / "u.png")
    assert (tmp_path / "u.png").read_bytes().startswith(b"\x89PNG")


def test_many_controllers_all_look_different(workshop):
    figure = Figure()
    draw({f"rule {n}": workshop for n in range(15)}, figure, "many")
    looks = {(line.get_color(), line.get_marker()) for line in figure.axes[0].get_lines()}
    assert len(looks) == 15
