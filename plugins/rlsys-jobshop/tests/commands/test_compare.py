"""`rlsys jobshop compare` puts every way to schedule side by side, also what was done elsewhere."""

from __future__ import annotations

import json

import pytest
from program import run_here

from rlsys.errors import UserError
from rlsys_jobshop.rules import RULES


def compared(*arguments):
    result = run_here("jobshop", "compare", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def factory():
    run_here("jobshop", "generate", "factory", "toy.yaml", "--seed", "3")
    return "toy.yaml"


def test_every_rule_and_the_policy_stand_in_order_of_what_counts(factory):
    found = compared(factory)
    rows = found["schedules"]
    assert found["objective"] == "weighted-tardiness"
    assert {row["method"] for row in rows} == {*RULES, "policy, greedy"}
    late = [row["measures"]["weighted_tardiness"] for row in rows]
    assert late == sorted(late)
    for row in rows:
        alone = ["--rule", row["method"]] if row["method"] in RULES else []
        solved = json.loads(run_here("jobshop", "solve", factory, *alone, "--json").stdout)
        assert solved["measures"] == row["measures"]


def test_another_objective_is_another_order(factory):
    spans = [
        row["measures"]["makespan"]
        for row in compared(factory, "--objective", "makespan")["schedules"]
    ]
    assert spans == sorted(spans)


def test_last_week_is_judged_beside_what_could_have_been_done(factory):
    run_here("jobshop", "solve", factory, "--rule", "random", "--seed", "8", "--out", "done.json")
    found = {row["method"]: row for row in compared(factory, "done.json")["schedules"]}
    assert found["done.json"]["seconds"] is None
    checked = json.loads(run_here("jobshop", "check", factory, "done.json", "--json").stdout)
    assert found["done.json"]["measures"] == checked["measures"]


def test_a_schedule_that_is_not_valid_is_no_rival(factory, own_folder):
    run_here("jobshop", "solve", factory, "--rule", "spt", "--out", "done.json")
    done = json.loads((own_folder / "done.json").read_text())
    done["operations"][0]["start"] += 1
    (own_folder / "done.json").write_text(json.dumps(done))
    result = run_here("jobshop", "compare", factory, "done.json")
    assert result.returncode == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith("rlsys: error: done.json: not valid: wrong duration")
    assert "`rlsys jobshop check` shows every one" in line


@pytest.mark.parametrize(
    ("name", "searches"), [("ft06", {"random-keys", "tabu"}), ("mk01", {"random-keys"})]
)
def test_searches_are_tried_for_the_time_they_are_given(name, searches, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)  # CP-SAT takes its time
    rows = compared(name, "--seconds", "0.05", "--samples", "4")["schedules"]
    named = {row["method"] for row in rows} - RULES.keys()
    assert named == {"policy, greedy", "policy, best of 4"} | {f"{s}, 0.05 s" for s in searches}


def test_a_search_that_finds_nothing_in_its_time_is_left_out_and_named(monkeypatch):
    def found_nothing(*_, **__):
        raise UserError("ft06: CP-SAT found no schedule in 0.01 s (UNKNOWN)")

    monkeypatch.setattr("rlsys_jobshop.solving.cp_sat", found_nothing)
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: True)
    result = run_here("jobshop", "compare", "ft06", "--seconds", "0.01", "--json")
    assert result.returncode == 0
    assert result.stderr == "rlsys: left out: ft06: CP-SAT found no schedule in 0.01 s (UNKNOWN)\n"
    rows = json.loads(result.stdout)["schedules"]
    assert {row["method"] for row in rows} >= {"tabu, 0.01 s", "random-keys, 0.01 s", "mwkr"}


def test_the_table_shows_what_the_instance_has(factory):
    table = run_here("jobshop", "compare", factory).stdout
    assert "weighted tardiness" in table
    assert "setup time" in table
    table = run_here("jobshop", "compare", "ft06").stdout
    assert "makespan" in table
    assert "tardiness" not in table


def test_a_case_needs_a_policy():
    result = run_here("jobshop", "compare", "ft06", "--case", "toy")
    assert result.returncode == 2
    assert "--case says whose policy of a run; give --policy, too" in result.stderr
