"""`rlsys jobshop check` accepts valid schedules of any origin, and names every fault of others."""

from __future__ import annotations

import json

import numpy as np
import pytest
from program import refused, run_here

from rlsys_jobshop.checking import measure, violations
from rlsys_jobshop.commands.check import as_schedule
from rlsys_jobshop.instances import factory
from rlsys_jobshop.problem import build
from rlsys_jobshop.rules import RULES, dispatch


@pytest.fixture
def document(own_folder):
    """Return a valid schedule of ft06 as a file holds it."""
    run_here("jobshop", "solve", "ft06", "--rule", "mwkr", "--out", "s.json")
    return json.loads((own_folder / "s.json").read_text())


def checked(document, *options):
    with open("changed.json", "w", encoding="utf-8") as file:
        json.dump(document, file)
    return run_here("jobshop", "check", "ft06", "changed.json", *options)


def test_a_valid_schedule_is_one_line_with_its_measures(document):
    result = checked(document)
    assert result.returncode == 0
    assert result.stdout == (
        f"valid: makespan {document['makespan']}, optimum 55, "
        f"gap {100 * (document['makespan'] / 55 - 1):.1f} %, "
        f"utilisation {100 * 197 / (6 * document['makespan']):.1f} %\n"
    )


def test_another_programs_schedule_needs_no_names_and_no_order(document):
    bare = [
        {key: row[key] for key in ("job", "operation", "machine", "start", "end")}
        for row in reversed(document["operations"])
    ]
    assert checked({"operations": bare}).returncode == 0


def test_every_violation_is_one_line_and_the_exit_code_is_3(document):
    first, second = document["operations"][:2]
    first["end"] += 1
    second["machine"] = 5 if second["machine"] != 5 else 4
    document["operations"].pop()
    document["makespan"] = max(row["end"] for row in document["operations"])
    result = checked(document)
    assert result.returncode == 3
    lines = result.stdout.splitlines()
    assert len(lines) >= 3
    for kind in ("wrong duration: ", "wrong machine: ", "missing operation: "):
        assert any(line.startswith(kind) for line in lines)
    assert f"{len(lines)} violations" in result.stderr

    found = json.loads(checked(document, "--json").stdout)
    assert found["valid"] is False
    assert [f"{one['kind']}: {one['message']}" for one in found["violations"]] == lines
    assert {"job", "operation", "machine"} < found["violations"][0].keys()


def test_json_of_a_valid_schedule_has_its_measures(document):
    found = json.loads(checked(document, "--json").stdout)
    assert found["valid"] is True
    assert found["violations"] == []
    assert found["measures"]["makespan"] == document["makespan"]


def test_a_file_that_is_no_schedule_is_one_line(own_folder):
    (own_folder / "s.json").write_text("{}")
    assert "operations" in refused("jobshop", "check", "ft06", "s.json")
    assert "cannot be read" in refused("jobshop", "check", "ft06", "missing.json")


def test_measures_of_what_was_read_are_those_of_the_schedule():
    instance = build(factory("medium", np.random.default_rng(2)))
    schedule = dispatch(instance, RULES["atc"])[0]
    entries = schedule.entries()
    assert violations(instance, entries) == []
    assert measure(as_schedule(instance, entries)) == measure(schedule)
