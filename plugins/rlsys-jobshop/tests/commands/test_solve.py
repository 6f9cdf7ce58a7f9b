"""`rlsys jobshop solve` shows and writes valid schedules, and refuses what makes no sense."""

from __future__ import annotations

import json
import signal

import numpy as np
import pytest
from program import refused, run_here

from rlsys.descriptors import resolve
from rlsys_jobshop.checking import violations
from rlsys_jobshop.formats import read_schedule
from rlsys_jobshop.instances import classic


def test_a_published_instance_is_compared_with_its_optimum():
    result = run_here("jobshop", "solve", "ft06", "--rule", "mwkr")
    assert result.returncode == 0
    head, *rows = result.stdout.splitlines()
    assert head == "ft06: 6 jobs, 6 machines, 36 operations"
    shown = {row[:20].strip(): row[20:].strip() for row in rows}
    assert shown["method"] == "mwkr"
    assert shown["optimum"] == "55"
    assert shown["gap"] == f"{100 * (int(shown['makespan']) / 55 - 1):.1f} %"
    assert "tardiness" not in shown
    assert "setup time" not in shown


def test_what_is_written_is_what_is_shown(own_folder):
    result = run_here(
        "jobshop",
        "solve",
        "ft06",
        "--rule",
        "spt",
        "--out",
        "s.json",
        "--gantt",
        "g.html",
        "--json",
    )
    document = json.loads(result.stdout)
    assert document["schedule"] == json.loads((own_folder / "s.json").read_text())
    assert document["measures"]["makespan"] == document["schedule"]["makespan"]
    assert document["bounds"]["best_known"] == document["bounds"]["lower"] == 55
    instance = classic("ft06")
    assert violations(instance, read_schedule("s.json")) == []
    assert "<canvas" in (own_folder / "g.html").read_text()
    assert sorted(path.name for path in own_folder.iterdir()) == ["g.html", "s.json"]


def test_a_png_is_drawn_for_its_name(own_folder):
    run_here("jobshop", "solve", "ft06", "--rule", "spt", "--gantt", "g.PNG")
    assert (own_folder / "g.PNG").read_bytes().startswith(b"\x89PNG")


def test_a_factory_shows_tardiness_and_setups():
    run_here("jobshop", "generate", "factory", "toy.yaml", "--seed", "3")
    result = run_here("jobshop", "solve", "toy.yaml", "--rule", "atc", "--out", "s.json")
    for name in ("tardiness", "weighted tardiness", "days late", "on time", "setup time"):
        assert f"\n  {name} " in result.stdout
    assert "optimum" not in result.stdout
    assert run_here("jobshop", "check", "toy.yaml", "s.json").returncode == 0
    assert len(read_schedule("s.json")) > 0


def test_a_file_that_holds_a_published_instance_has_its_bounds_and_another_one_has_none():
    run_here("jobshop", "convert", "ft06", "ft06.txt")
    run_here("jobshop", "generate", "classic", "la01.txt", "--jobs", "10", "--machines", "5")
    assert "optimum" in run_here("jobshop", "solve", "ft06.txt", "--rule", "spt").stdout
    assert "optimum" not in run_here("jobshop", "solve", "la01.txt", "--rule", "spt").stdout


def test_a_file_comes_before_a_published_instance_of_the_same_name(own_folder):
    (own_folder / "ft06").write_text("1 1\n0 7\n")
    assert "1 jobs, 1 machines" in run_here("jobshop", "solve", "ft06", "--rule", "spt").stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], {"samples": 1, "seconds": 10.0, "seed": 0, "objective": "makespan"}),
        (["--policy", "runs/x", "--samples", "128"], {"policy": "runs/x", "samples": 128}),
        (["--samples", "1e2", "--seed", "7"], {"policy": None, "samples": 100, "seed": 7}),
        (["--rule", "fifo"], {"rule": "fifo", "policy": None, "search": None}),
        (["--search", "tabu", "--seconds", "0.5"], {"search": "tabu", "seconds": 0.5}),
        (["--search", "cp-sat", "--objective", "weighted-tardiness"],
         {"search": "cp-sat", "objective": "weighted-tardiness"}),
    ],
)  # fmt: skip
def test_options_reach_the_solver(solver, arguments, expected):
    assert run_here("jobshop", "solve", "ft06", *arguments).returncode == 0
    assert expected.items() <= solver.options.items()


def test_due_dates_make_tardiness_the_goal(solver):
    run_here("jobshop", "generate", "factory", "toy.yaml")
    solver.bound = 12.0
    document = json.loads(run_here("jobshop", "solve", "toy.yaml", "--json").stdout)
    assert solver.options["objective"] == "weighted-tardiness"
    assert document["objective"] == "weighted-tardiness"
    assert document["bound"] == 12.0
    assert document["bounds"] == {"lower": None, "best_known": None, "gap": None}


@pytest.mark.parametrize(("bound", "lower"), [(50.2, 51), (57.0000000001, 57), (None, None)])
def test_a_proven_bound_gives_a_gap_where_none_is_published(solver, bound, lower):
    run_here("jobshop", "generate", "classic", "mine.txt", "--jobs", "3", "--machines", "3")
    solver.bound = bound
    document = json.loads(run_here("jobshop", "solve", "mine.txt", "--json").stdout)
    assert document["bounds"]["lower"] == lower
    gap = None if lower is None else document["schedule"]["makespan"] / lower - 1
    assert document["bounds"]["gap"] == gap


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rule", "spt", "--search", "tabu"], "--rule and --search do not go together"),
        (["--policy", "x", "--rule", "spt"], "--policy and --rule do not go together"),
        (
            ["--policy", "x", "--rule", "spt", "--search", "tabu"],
            "--policy and --rule and --search",
        ),
        (["--rule", "spt", "--samples", "2"], "--samples is for a policy"),
        (["--search", "tabu", "--samples", "2"], "--samples is for a policy"),
        (["--seconds", "3"], "--seconds is the time of a search"),
        (["--rule", "spt", "--seconds", "3"], "--seconds is the time of a search"),
        (["--search", "tabu", "--objective", "weighted-tardiness"], "--search tabu shortens"),
        (["--search", "tabu", "--seconds", "0"], "0.0 is not in the range"),
        (["--search", "tabu", "--seconds", "nan"], "not a finite number"),
        (["--search", "tabu", "--seconds", "inf"], "not a finite number"),
        (["--samples", "0"], "0 is not in the range"),
        (["--seed", "-1"], "-1 is not in the range"),
        (["--gantt", "chart.pdf"], "--gantt chart.pdf: the name must end with .html or .png"),
        (["--out", "x.html", "--gantt", "x.html"], "are the same file"),
        (["--out", "nowhere/s.json"], "there is no folder nowhere"),
        (["--gantt", "nowhere/g.png"], "there is no folder nowhere"),
        (["--out", "."], "is a folder"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_computed(solver, arguments, said, own_folder):
    result = run_here("jobshop", "solve", "ft06", *arguments)
    assert result.returncode == 2
    assert said in result.stderr.splitlines()[-1]
    assert result.stdout == ""
    assert solver.options == {}
    assert list(own_folder.iterdir()) == []


def test_wrong_input_is_one_line(own_folder):
    assert "no such file" in refused("jobshop", "solve", "ft99").lower()
    assert "did you mean 'ft06'" in refused("jobshop", "solve", "ft6x")
    assert "cannot be read" in refused("jobshop", "solve", "nope.txt")
    assert "cannot be read" in refused("jobshop", "solve", "folder/ft06")
    (own_folder / "torn.txt").write_text("2 2\n0 1 1\n")
    assert "torn.txt" in refused("jobshop", "solve", "torn.txt")
    assert "unknown rule 'stp'" in refused("jobshop", "solve", "ft06", "--rule", "stp")


def test_an_invalid_schedule_is_never_shown_or_written(solver, monkeypatch, own_folder):
    from rlsys_jobshop.solving import Solution

    def wrong(instance, **options):
        schedule = solver(instance, **options).schedule
        schedule.start[0] += 1
        return Solution(schedule, "wrong", 0.0, None)

    monkeypatch.setattr("rlsys_jobshop.solving.solve", wrong)
    line = refused("jobshop", "solve", "ft06", "--out", "s.json", "--gantt", "g.html", code=4)
    assert "this is a bug in rlsys" in line
    assert list(own_folder.iterdir()) == []


def test_an_interrupt_leaves_nothing_behind_and_says_so(monkeypatch, own_folder):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("rlsys_jobshop.solving.solve", interrupted)
    (own_folder / "s.json").write_text("old")
    line = refused("jobshop", "solve", "ft06", "--out", "s.json", code=130)
    assert "nothing is written" in line
    assert (own_folder / "s.json").read_text() == "old"
    assert len(list(own_folder.iterdir())) == 1


@pytest.mark.usefixtures("own_folder")
@pytest.mark.parametrize("search", ["tabu", "random-keys"])
def test_ctrl_c_ends_a_search_with_the_best_so_far(search, monkeypatch):
    name = f"rlsys_jobshop.solving.{search.replace('-', '_')}"
    find = resolve(name.replace(".solving.", ".solving:"))

    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        return find(*arguments, **options)

    monkeypatch.setattr(name, interrupted)
    result = run_here("jobshop", "solve", "ta01", "--search", search, "--seconds", "1e9",
                      "--out", "s.json", "--json")  # fmt: skip
    assert result.returncode == 130
    assert "this is the best schedule until then" in result.stderr
    assert violations(classic("ta01"), read_schedule("s.json")) == []
    latest = max(entry.end for entry in read_schedule("s.json"))
    assert json.loads(result.stdout)["measures"]["makespan"] == latest


@pytest.mark.slow
@pytest.mark.parametrize("search", ["tabu", "random-keys", "cp-sat"])
def test_every_search_finds_a_valid_schedule(search):
    if search == "cp-sat":
        pytest.importorskip("ortools")
    result = run_here(
        "jobshop", "solve", "ft06", "--search", search, "--seconds", "2", "--out", "s.json"
    )
    assert result.returncode == 0, result.stderr
    found = run_here("jobshop", "check", "ft06", "s.json").stdout
    # Hill climbing has no restarts, so it may end in a local optimum.
    assert found.startswith("valid: makespan " if search == "random-keys" else "valid: makespan 55")


def test_the_same_seed_gives_the_same_schedule():
    def made(seed):
        result = run_here("jobshop", "solve", "ft06", "--rule", "random", "--seed", seed, "--json")
        return [row["start"] for row in json.loads(result.stdout)["schedule"]["operations"]]

    assert made(1) == made(1)
    assert not np.array_equal(made(1), made(2))
