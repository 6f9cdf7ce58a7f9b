"""A run with stages shows its climb, and two runs say whether the climb was worth it."""

from __future__ import annotations

import itertools
import json
from contextlib import contextmanager

import numpy as np
import pytest
from climb import CLIMB, PROMOTED, ROOMS, summary
from program import run_here

from rlsys.api.tables import tables_of
from rlsys.evaluation.statistics import paired_difference
from rlsys.figures import curriculum
from rlsys.figures.curriculum import curriculum_figure
from rlsys.figures.sheet import sheet
from rlsys.figures.training import cumulated_steps
from rlsys.stages import ALL_STEPS, Stage

pytest.importorskip("matplotlib", reason="pip install 'rlsys[figures]'")
RUN = tuple("run" if word == "train" else word for word in CLIMB)
SHORT = ("--episodes", "20", "--set", "exports=[]", "--seeds", "2", "--json")


def done(*arguments):
    result = run_here(*arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def climb(tmp_path_factory):
    """Return the directory of a run with stages, and its result; treat it as read-only."""
    path = tmp_path_factory.mktemp("climb") / "climb"
    return path, done(*RUN, *PROMOTED, *SHORT, "--out", path)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """Return the directory of the same run without transfer, and its result."""
    path = tmp_path_factory.mktemp("scratch") / "scratch"
    return path, done(*RUN, *PROMOTED, *SHORT, "--set", "training.transfer=false", "--out", path)


def test_the_report_has_a_row_for_every_stage_and_seed(climb):
    path, _ = climb
    section = (path / "report.md").read_text().split("## Curriculum\n")[1].split("## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| ") and not line.startswith("| case")
    ]
    starts = {"hall": "", "attic": "hall", "roof": "attic"}
    expected = []
    for case, seed in itertools.product(ROOMS, (0, 1)):
        told = summary(path, case, seed)
        (agent,) = told["agents"]
        before = f"{told['before']:.3f}" if starts[case] else ""
        expected.append(
            [case, starts[case], str(seed), f"{agent['steps']:,}", agent["ended"], before,
             f"{agent['validation_reward']:.3f}"]
        )  # fmt: skip
    assert rows == expected


def test_the_figure_of_the_climb_is_drawn_and_named(climb):
    path, document = climb
    assert document["artefacts"]["curriculum"] == "figures/curriculum.png"
    assert (path / "figures" / "curriculum.png").read_bytes().startswith(b"\x89PNG")
    assert "![curriculum](figures/curriculum.png)" in (path / "report.md").read_text()


def test_without_stages_there_is_neither(scratch):
    path, document = scratch
    assert "curriculum" not in document["artefacts"]
    assert "## Curriculum" not in (path / "report.md").read_text()


def test_an_evaluation_draws_the_climb_again(climb):
    path, document = climb
    (path / "figures" / "curriculum.png").unlink()
    again = done("--plugin-file", CLIMB[1], "evaluate", path, "--json")
    assert again["artefacts"]["curriculum"] == document["artefacts"]["curriculum"]
    assert (path / "figures" / "curriculum.png").exists()


def test_compare_says_for_each_stage_whether_the_climb_is_better(climb, scratch):
    compared = done("--plugin-file", CLIMB[1], "compare", "lamps", climb[0], scratch[0],
                    "--set", "rooms=[hall,attic,roof]", "--episodes", "20", "--json")  # fmt: skip
    rewards = {
        path.name: np.genfromtxt(path / "evaluation" / "episodes.csv", delimiter=",", names=True,
                                 dtype=None, encoding="utf-8")
        for path, _ in (climb, scratch)
    }  # fmt: skip
    for case in ROOMS:
        one, two = (
            np.array(
                [table["reward"][(table["case"] == case) & (table["kind"] == "learned")
                                 & (table["training"] == training)] for training in (0, 1)]
            )
            for table in rewards.values()
        )  # fmt: skip
        expected = paired_difference(one, two)
        (verdict,) = (
            v for v in compared["verdicts"]
            if (v["case"], v["subject"], v["reference"]) == (case, "climb", "scratch")
        )  # fmt: skip
        assert verdict["kind"] == "better-than"
        assert verdict["figures"]["mean"] == pytest.approx(expected.mean)
        assert verdict["figures"]["low"] == pytest.approx(expected.low)
        assert verdict["holds"] == (expected.low > 0)


def test_compare_counts_baselines_alone_and_names_a_run_that_is_better():

    def row(controller, kind, mean):
        return {"case": "hall", "controller": controller, "kind": kind, "metric": "reward",
                "unit": "", "better": "higher", "n": 2, "mean": mean, "iqm": mean, "low": mean,
                "high": mean}  # fmt: skip

    def verdict(subject, reference, low):
        figures = {"n": 2, "mean": low + 1, "iqm": low + 1, "low": low, "high": low + 2}
        return {"case": "hall", "kind": "better-than", "subject": subject, "figures": figures,
                "reference": reference, "name": "", "holds": low > 0}  # fmt: skip

    document = {
        "results": [row("a", "learned", 3.0), row("b", "learned", 2.0), row("x", "baseline", 1.0)],
        "verdicts": [verdict("a", "x", 1.0), verdict("a", "b", 0.5), verdict("b", "a", -2.5)],
    }
    (table,) = tables_of(document, None)
    assert table.findings == (
        "a: better than 1 of 1 baselines",
        "a: better than b by 1.5 [0.5, 2.5]",
    )


def test_runs_with_other_numbers_of_trainings_are_not_paired(climb, tmp_path):
    path = tmp_path / "one"
    done(*RUN, *SHORT, "--seeds", "1", "--out", path)
    compared = done("--plugin-file", CLIMB[1], "compare", "lamps", climb[0], path,
                    "--set", "rooms=[hall,attic,roof]", "--episodes", "5", "--json")  # fmt: skip
    pairs = {(v["subject"], v["reference"]) for v in compared["verdicts"]}
    assert ("climb", "one") not in pairs
    assert ("climb", "always-on") in pairs


def stage(case, seed, ended, steps, after, before=None):
    return Stage(case, None, seed, steps, ended, "reward", before, after, threshold=4.0)


def line(case, seed, step, total=None, **metrics):
    return {
        "case": case,
        "seed": seed,
        "agent": "a",
        "step": step,
        "total": total or 100,
        **metrics,
    }


def test_the_figure_shows_validations_marks_and_starts(tmp_path, monkeypatch):
    drawn = []

    @contextmanager
    def keeping(*arguments):
        with sheet(*arguments) as figure:
            drawn.append(figure)
            yield figure

    monkeypatch.setattr(curriculum, "sheet", keeping)
    told = [
        line("easy", 0, 10, validation_reward=1.0),
        line("easy", 0, 20, validation_reward=5.0),
        line("easy", 0, 20, 20, ended="reached"),
        line("hard", 0, 50, validation_reward=2.0),
        line("hard", 0, 100, validation_reward=3.0),
        line("hard", 0, 100, reward=7.0),
    ]
    stages = [stage("easy", 0, "reached", 20, 5.0), stage("hard", 0, ALL_STEPS, 100, 3.0, 1.5)]
    curriculum_figure(told, stages, "validation reward", tmp_path / "climb.png")
    (figure,) = drawn
    easy, hard = figure.axes
    assert [axes.get_title("left") for axes in figure.axes] == ["easy", "hard"]
    shown = {
        name: [(list(map(float, c.get_xdata())), list(map(float, c.get_ydata())), c.get_marker())
               for c in axes.get_lines()]
        for name, axes in (("easy", easy), ("hard", hard))
    }  # fmt: skip
    assert ([10.0, 20.0], [1.0, 5.0], "None") in shown["easy"]
    assert ([20.0], [5.0], "*") in shown["easy"]
    assert ([50.0, 100.0], [2.0, 3.0], "None") in shown["hard"]
    assert ([0.0], [1.5], "o") in shown["hard"]
    assert ([100.0], [3.0], "s") in shown["hard"]
    assert all(y == [4.0, 4.0] for axes in shown.values() for _, y, m in axes[:1])


def test_an_agent_that_ended_early_does_not_push_the_next_one_away():
    told = [
        {**line("easy", 0, 30), "agent": "first"},
        {**line("easy", 0, 40, 40, ended="reached"), "agent": "first"},
        {**line("easy", 0, 10), "agent": "second"},
    ]
    assert list(cumulated_steps(told)) == [30.0, 40.0, 50.0]


def test_many_stages_take_several_rows(tmp_path):
    names = [f"size-{n}" for n in range(6)]
    told = [line(name, 0, 10, validation_reward=1.0) for name in names]
    stages = [stage(name, 0, ALL_STEPS, 10, 1.0) for name in names]
    curriculum_figure(told, stages, "validation reward", tmp_path / "climb.png")
    assert (tmp_path / "climb.png").exists()
