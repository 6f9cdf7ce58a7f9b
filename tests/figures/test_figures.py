"""Figures show the right numbers, are readable, and fail with a clear message."""

from __future__ import annotations

import itertools
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys.figures import comparison, labels, sweep, training
from rlsys.figures.comparison import comparison_figure
from rlsys.figures.sheet import sheet
from rlsys.figures.sweep import sweep_figure
from rlsys.figures.training import Panel, cumulated_steps, learning_figure, training_figure

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def drawn(monkeypatch):
    """Return the list of figures drawn so far; skip where the extra is not installed."""
    pytest.importorskip("matplotlib", reason="pip install 'rlsys[figures]'")
    kept = []

    @contextmanager
    def keeping(*arguments):
        with sheet(*arguments) as figure:
            kept.append(figure)
            yield figure

    for module in (comparison, sweep, training):
        monkeypatch.setattr(module, "sheet", keeping)
    return kept


def line(case, seed, agent, step, total, **metrics):
    return {
        "time": 0.0,
        "case": case,
        "seed": seed,
        "agent": agent,
        "step": step,
        "total": total,
        **metrics,
    }


def two_agents(seeds=(0, 1), cases=("easy", "hard")):
    """Reward 10 * (case + 1) + seed at the start, one more at every line."""
    lines = []
    for (number, case), seed in itertools.product(enumerate(cases), seeds):
        for index, (agent, step, total) in enumerate(
            [("first", 100, 200), ("first", 200, 200), ("second", 30, 60), ("second", 60, 60)]
        ):
            reward = 10.0 * (number + 1) + seed + index
            lines.append(line(case, seed, agent, step, total, reward=reward, rate=reward / 100))
        lines.append(line(case, seed, "second", 60, 60, validation_reward=1.0))
    return lines


def test_an_agent_begins_where_the_one_before_it_ended():
    steps = cumulated_steps(two_agents(seeds=(0,), cases=("easy",)))
    assert steps.tolist() == [100, 200, 230, 260, 260]


def test_steps_of_cases_and_seeds_do_not_mix():
    lines = two_agents()
    shuffled = [lines[i] for part in (0, 5, 10, 15) for i in range(part, part + 5)]
    interleaved = [lines[i + part] for i in range(5) for part in (0, 5, 10, 15)]
    expected = dict(zip(map(str, shuffled), cumulated_steps(shuffled), strict=True))
    for one, steps in zip(interleaved, cumulated_steps(interleaved), strict=True):
        assert steps == expected[str(one)]


def test_curve_is_the_mean_over_seeds_and_the_band_reaches_the_extremes(tmp_path, drawn):
    training_figure(
        two_agents(), [Panel("reward", "reward"), Panel("rate", "rate")], tmp_path / "t.png"
    )
    assert (tmp_path / "t.png").read_bytes().startswith(PNG)
    reward, rate = drawn[0].axes
    for axes, scale in ((reward, 1.0), (rate, 0.01)):
        curves = {c.get_label(): c for c in axes.lines if c.get_label() in ("easy", "hard")}
        assert curves["easy"].get_xdata().tolist() == [100, 200, 230, 260]
        np.testing.assert_allclose(
            curves["easy"].get_ydata(), np.array([10.5, 11.5, 12.5, 13.5]) * scale
        )
        np.testing.assert_allclose(
            curves["hard"].get_ydata(), np.array([20.5, 21.5, 22.5, 23.5]) * scale
        )
        corners = axes.collections[0].get_paths()[0].vertices
        assert corners[:, 1].min() == pytest.approx(10 * scale)
        assert corners[:, 1].max() == pytest.approx(14 * scale)
        assert curves["easy"].get_color() != curves["hard"].get_color()
    assert {text.get_text() for text in reward.texts} == {"first", "second"}
    assert [t.get_text() for t in drawn[0].legends[0].get_texts()] == ["easy", "hard"]


def test_seeds_that_report_at_other_steps_are_interpolated_not_extrapolated(tmp_path, drawn):
    lines = [line("a", 0, "x", step, 100, reward=float(step)) for step in (10, 50, 100)] + [
        line("a", 1, "x", step, 100, reward=step + 2.0) for step in (20, 60)
    ]
    training_figure(lines, [Panel("reward", "reward")], tmp_path / "t.png")
    (curve,) = drawn[0].axes[0].lines
    assert curve.get_xdata().tolist() == [10, 20, 50, 60, 100]
    np.testing.assert_allclose(curve.get_ydata(), [10, 21, 51, 61, 100])


def test_levels_are_drawn_and_named(tmp_path, drawn):
    levels = {"easy": {"optimum": 15.0, "best baseline": 14.9}, "absent": {"optimum": 99.0}}
    training_figure(two_agents(), [Panel("reward", "reward", levels)], tmp_path / "t.png")
    axes = drawn[0].axes[0]
    heights = [c.get_ydata()[0] for c in axes.lines if len(set(c.get_ydata())) == 1]
    assert sorted(heights) == [14.9, 15.0]
    texts = [t for t in axes.texts if t.get_text() in ("optimum 15", "best baseline 14.9")]
    assert len(texts) == 2
    assert not overlapping(drawn[0], axes.texts)


@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=8),
    st.floats(0.1, 5),
)
def test_labels_are_spread_in_order_and_below_the_top(values, gap):
    values = sorted(values)
    places = labels._spread(values, gap, top=50.0)
    assert all(b - a >= gap - 1e-9 for a, b in itertools.pairwise(places))
    assert max(places) <= 50.0
    far_apart = all(b - a >= gap for a, b in itertools.pairwise(values))
    if far_apart and values[-1] <= 50.0:
        assert places == pytest.approx(values)


def test_lines_without_any_wanted_metric_are_refused(tmp_path):
    with pytest.raises(UserError, match="no line reports any of reward, rate"):
        training_figure(
            [line("a", 0, "x", 1, 1, loss=3.0)],
            [Panel("reward", "r"), Panel("rate", "r")],
            tmp_path / "t.png",
        )


def result(case, controller, kind, mean, width=1.0, metric="reward"):
    return {
        "case": case,
        "controller": controller,
        "kind": kind,
        "metric": metric,
        "unit": "",
        "better": "higher",
        "n": 100,
        "mean": mean,
        "iqm": mean,
        "low": mean - width,
        "high": mean + width,
    }


def result_rows(count, cases=("normal", "stressed"), lowest=-60.0):
    names = [
        "optimum",
        "a-learned-one",
        "a-learned-one-after-another",
        *map("rule-{}".format, range(9)),
    ]
    kinds = ["oracle", "learned", "learned"] + ["baseline"] * 9
    means = np.random.default_rng(0).permutation(np.linspace(lowest, 75.0, count))
    return [
        result(case, names[i], kinds[i], float(means[i])) for case in cases for i in range(count)
    ]


def overlapping(figure, texts):
    figure.canvas.draw()
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts if t.get_text()]
    return [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if x.overlaps(y)]


@pytest.mark.parametrize("count", [1, 8, 12])
@pytest.mark.parametrize("lowest", [-60.0, 10.0])
def test_bars_are_sorted_and_labelled_and_no_text_overlaps(tmp_path, drawn, count, lowest):
    results = result_rows(count, lowest=lowest)
    other = result("normal", "optimum", "oracle", 5.0, metric="switches")
    comparison_figure([*results, other], tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(PNG)
    figure = drawn[0]
    for axes in figure.axes:
        widths = [bar.get_width() for bar in axes.patches]
        assert widths == sorted(r["mean"] for r in results if r["case"] == "normal")
        labels = [text.get_text().replace("\N{MINUS SIGN}", "-") for text in axes.texts]
        assert [float(label) for label in labels] == pytest.approx(widths, abs=0.006)
    every = list(figure.legends[0].get_texts())
    for axes in figure.axes:
        left, right = axes.get_xlim()
        ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        every += [label for place, label in ticks if left <= place <= right]
        every += [*axes.texts, *axes.get_yticklabels(), axes.xaxis.label, axes._left_title]
    assert not overlapping(figure, every)
    extents = {text.get_text(): text.get_window_extent() for text in every}
    page = figure.bbox
    assert [t for t, box in extents.items() if box.x0 < page.x0 or box.x1 > page.x1] == []
    assert [t for t, box in extents.items() if box.y0 < page.y0 or box.y1 > page.y1] == []


def test_intervals_are_drawn(tmp_path, drawn):
    comparison_figure(
        [result("a", "x", "learned", 5.0, 2.0), result("a", "y", "baseline", 1.0, 0.5)],
        tmp_path / "c.png",
    )
    (bars,) = [c for c in drawn[0].axes[0].collections if c.get_segments()]
    spans = [segment[:, 0].tolist() for segment in bars.get_segments()]
    assert spans == [[0.5, 1.5], [3.0, 7.0]]


def test_a_level_is_a_line_with_its_name_and_hides_nothing(tmp_path, drawn):
    case = "MiniGrid-FourRooms-v0"
    levels = {case: {"reward threshold": 195.0}, "other": {"reward threshold": 1.0}}
    comparison_figure(result_rows(4, cases=(case,)), tmp_path / "c.png", levels)
    axes = drawn[0].axes[0]
    places = [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1]
    assert 195.0 in places
    said = axes.get_xlabel().splitlines()
    assert said[1:] == ["dashed line: reward threshold 195.00"]
    left, right = axes.get_xlim()
    assert left < 195.0 < right
    texts = [*drawn[0].legends[0].get_texts(), axes._left_title, *axes.texts]
    texts += [*axes.get_yticklabels(), axes.xaxis.label]
    assert not overlapping(drawn[0], texts)
    box, page = axes.xaxis.label.get_window_extent(), drawn[0].bbox
    assert page.x0 <= box.x0
    assert box.x1 <= page.x1
    assert page.y0 <= box.y0


def test_kinds_differ_without_colour(tmp_path, drawn):
    comparison_figure(result_rows(4, cases=("a",)), tmp_path / "c.png")
    axes = drawn[0].axes[0]
    kinds = {r["controller"]: r["kind"] for r in result_rows(4, cases=("a",))}
    names = [label.get_text() for label in axes.get_yticklabels()]
    hatches = {(kinds[n], bar.get_hatch()) for n, bar in zip(names, axes.patches, strict=True)}
    assert len(hatches) == len({hatch for _, hatch in hatches}) == 3


@pytest.mark.parametrize("cases", [1, 3, 5])
def test_every_case_has_its_panel(tmp_path, drawn, cases):
    names = tuple(f"case {index}" for index in range(cases))
    comparison_figure(result_rows(3, cases=names), tmp_path / "c.png")
    assert [a.get_title(loc="left") for a in drawn[0].axes if a.get_visible()] == list(names)


def test_results_without_reward_are_refused(tmp_path):
    with pytest.raises(UserError, match="no result has the metric 'reward'"):
        comparison_figure([result("a", "x", "learned", 1.0, metric="rate")], tmp_path / "c.png")


def test_missing_matplotlib_is_named_with_its_cure(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match=r"pip install 'rlsys\[figures\]'"):
        comparison_figure(result_rows(3), tmp_path / "c.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("drawn")
def test_unwritable_place_is_the_users_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="figure cannot be written"):
        comparison_figure(result_rows(3), tmp_path / "file" / "c.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UserError, match="figure cannot be written"):
        comparison_figure(result_rows(3), tmp_path / "folder.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.png"]


@pytest.mark.usefixtures("drawn")
def test_drawing_twice_gives_the_same_file(tmp_path):
    for name in ("a.png", "b.png"):
        comparison_figure(result_rows(3), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_import_and_use_leave_matplotlibs_global_state_alone(tmp_path):
    pytest.importorskip("matplotlib", reason="pip install 'rlsys[figures]'")
    code = f"""
import sys
import rlsys.figures.sheet
assert "matplotlib" not in sys.modules
with rlsys.figures.sheet({str(tmp_path / "x.png")!r}, 2, 2) as figure:
    figure.subplots().plot([1, 2])
assert "matplotlib.pyplot" not in sys.modules
import matplotlib
assert matplotlib.rcParams["font.size"] == matplotlib.rcParamsDefault["font.size"]
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "x.png").read_bytes().startswith(PNG)


def by_part(cases=("easy", "hard")):
    """Two seeds; part p of case c at step s is 100 c + 10 p + seed + s / 100."""
    return [
        line(case, seed, "ppo", step, 200,
             **{f"load[{p}]": 100 * c + 10 * p + seed + step / 100 for p in range(11)})
        for c, case in enumerate(cases) for seed in (0, 1) for step in (100, 200)
    ]  # fmt: skip


def test_every_part_of_a_vector_metric_is_a_line_in_the_panel_of_its_case(drawn, tmp_path):
    assert learning_figure(by_part(), "load", "load (jobs)", tmp_path / "load.png")
    assert (tmp_path / "load.png").read_bytes().startswith(PNG)
    (figure,) = drawn
    panels = figure.axes
    assert [axes.get_title(loc="left") for axes in panels] == ["easy", "hard"]
    for c, axes in enumerate(panels):
        assert axes.get_ylabel() == "load (jobs)"
        curves = {one.get_label(): one for one in axes.get_lines()}
        assert list(curves) == [str(p) for p in range(11)]  # not 0, 1, 10, 2
        for p in range(11):
            np.testing.assert_array_equal(curves[str(p)].get_xdata(), [100, 200])
            mean = 100 * c + 10 * p + 0.5
            np.testing.assert_allclose(curves[str(p)].get_ydata(), [mean + 1, mean + 2])


def test_a_scalar_metric_is_one_line(drawn, tmp_path):
    assert learning_figure(two_agents(), "rate", "rate", tmp_path / "rate.png")
    (figure,) = drawn
    assert [len(axes.get_lines()) for axes in figure.axes] == [1, 1]
    (curve,) = figure.axes[1].get_lines()
    np.testing.assert_allclose(curve.get_ydata(), np.array([20.5, 21.5, 22.5, 23.5]) / 100)


def test_what_no_line_reports_is_not_drawn(tmp_path):
    assert not learning_figure(two_agents(), "load", "load", tmp_path / "load.png")
    assert not (tmp_path / "load.png").exists()


def test_a_sweep_has_a_curve_a_controller_over_the_values(drawn, tmp_path):
    def row(value, kind, mean):
        point = {"value": value, "case": "hall"}
        return {"point": point, "kind": kind, "mean": mean, "low": mean - 1, "high": mean + 2}

    rows = {
        "hall": {
            "ppo": [row(v, "learned", 2.0 * v) for v in (2, 4, 8)],
            "best": [row(v, "oracle", 20.0) for v in (2, 8)],
        }
    }
    sweep_figure("n", (2, 4, 8), rows, tmp_path / "sweep.png")
    (figure,) = drawn
    (axes,) = figure.axes
    curves = {one.get_label(): one for one in axes.get_lines()}
    np.testing.assert_array_equal(curves["ppo"].get_xdata(), [2, 4, 8])
    np.testing.assert_array_equal(curves["ppo"].get_ydata(), [4, 8, 16])
    # A point without an oracle leaves a gap and moves nothing.
    np.testing.assert_array_equal(curves["best"].get_xdata(), [2, 8])
    assert curves["best"].get_linestyle() == "--"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["2", "4", "8"]


def test_values_that_are_no_numbers_stand_side_by_side(drawn, tmp_path):
    rows = {
        "": {
            "ppo": [
                {"point": {"value": v}, "kind": "learned", "mean": 1, "low": 0, "high": 2}
                for v in ("local", "global")
            ]
        }
    }
    sweep_figure("view", ("local", "global"), rows, tmp_path / "sweep.png")
    (axes,) = drawn[0].axes
    np.testing.assert_array_equal(axes.get_lines()[0].get_xdata(), [0, 1])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["local", "global"]
