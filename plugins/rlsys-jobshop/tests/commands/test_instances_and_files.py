"""Converting, generating and listing instances."""

from __future__ import annotations

import json

import numpy as np
import pytest
from program import refused, run_here

from rlsys_jobshop.formats import read_instance
from rlsys_jobshop.instances import best_known, classic, classic_names, random_classic, taillard

FIELDS = ("job_first", "mode_first", "duration", "machine_first", "mode_machines", "due")


def same(one, other):
    return all(np.array_equal(getattr(one, f), getattr(other, f)) for f in FIELDS)


@pytest.mark.parametrize("name", ["ft06.txt", "ft06.fjs", "ft06.yaml", "ft06.json", "ft06.dat"])
def test_converting_there_and_back_keeps_the_instance(name):
    result = run_here("jobshop", "convert", "ft06", name)
    assert result.stdout == f"{name}: 6 jobs, 6 machines, 36 operations\n"
    run_here("jobshop", "convert", name, "back.txt", "--to", "standard")
    assert same(read_instance("back.txt"), classic("ft06"))


def test_formats_and_the_first_machine_can_be_stated(own_folder):
    (own_folder / "one.txt").write_text("1 3\n1 5 2 6\n")
    run_here("jobshop", "convert", "one.txt", "a.json", "--first-machine", "1")
    run_here("jobshop", "convert", "one.txt", "b.json", "--first-machine", "0")
    assert read_instance("a.json").mode_machines.tolist() == [0, 1]
    assert read_instance("b.json").mode_machines.tolist() == [1, 2]
    run_here("jobshop", "convert", "ft06", "t.txt", "--to", "taillard")
    run_here("jobshop", "convert", "t.txt", "s.txt", "--from", "taillard")
    assert same(read_instance("s.txt"), classic("ft06"))


def test_a_conversion_that_fails_leaves_the_old_file(own_folder):
    run_here("jobshop", "generate", "factory", "toy.yaml")
    (own_folder / "old.txt").write_text("old")
    assert "cannot express" in refused("jobshop", "convert", "toy.yaml", "old.txt")
    assert (own_folder / "old.txt").read_text() == "old"
    assert "cannot be written" in refused("jobshop", "convert", "ft06", "nowhere/x.txt")
    assert "no such file" in refused("jobshop", "convert", "ft06", "x.txt", "--from", "standard")
    assert sorted(path.name for path in own_folder.iterdir()) == ["old.txt", "toy.yaml"]


def test_a_seed_repeats_an_instance_and_is_that_of_the_library(own_folder):
    for name, seed in (("a.txt", 5), ("b.txt", 5), ("c.txt", 6)):
        run_here("jobshop", "generate", "classic", name, "--jobs", "4", "--machines", "3", "--seed",
                 seed)  # fmt: skip
    expected = random_classic(4, 3, np.random.default_rng(5))
    assert same(read_instance("a.txt"), expected)
    assert (own_folder / "a.txt").read_bytes() == (own_folder / "b.txt").read_bytes()
    assert not same(read_instance("c.txt"), expected)


@pytest.mark.parametrize(
    ("arguments", "jobs", "machines"),
    [
        (["classic", "x.txt", "--durations", "5"], 10, 10),
        (["flexible", "x.fjs", "--jobs", "3", "--operations", "2-4", "--spread", "0"], 3, 6),
        (["hurink", "x.fjs", "--kind", "vdata", "--jobs", "3", "--machines", "4"], 3, 4),
        (["factory", "x.yaml"], 5, 2),
        (["factory", "x.json", "--size", "medium", "--jobs", "7"], 7, 10),
    ],
)
def test_every_kind_can_be_generated_and_read(arguments, jobs, machines):
    result = run_here("jobshop", "generate", *arguments)
    assert result.returncode == 0, result.stderr
    instance = read_instance(arguments[1])
    assert (instance.jobs, instance.machines) == (jobs, machines)


def test_taillards_seeds_give_his_instance():
    run_here("jobshop", "generate", "taillard", "x.txt", "--time-seed", "840612802",
             "--machine-seed", "398197754")  # fmt: skip
    assert same(read_instance("x.txt"), taillard(15, 15, 840612802, 398197754))
    assert same(read_instance("x.txt"), classic("ta01"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["classic", "x.txt", "--jobs", "0"], 2, "0 is not in the range"),
        (["classic", "x.txt", "--durations", "9-1"], 1, "durations"),
        (["classic", "x.txt", "--durations", "a-b"], 2, "two whole numbers"),
        (["flexible", "x.fjs", "--operations", "3-"], 2, "two whole numbers"),
        (["flexible", "x.fjs", "--alternatives", "7"], 1, "alternatives"),
        (["flexible", "x.txt"], 1, "x.txt"),
        (["factory", "x.txt"], 2, "only .yaml and .json can hold a factory"),
        (["factory", "x.yaml", "--size", "huge"], 2, "huge"),
        (["taillard", "x.txt", "--time-seed", "0", "--machine-seed", "1"], 1, "time_seed"),
        (["taillard", "x.txt"], 2, "--time-seed"),
        (["nothing", "x.txt"], 2, "nothing"),
    ],
)
def test_what_cannot_be_generated_is_refused_and_not_written(arguments, code, said, own_folder):
    result = run_here("jobshop", "generate", *arguments)
    assert result.returncode == code
    assert said in result.stderr.strip().splitlines()[-1]
    assert list(own_folder.iterdir()) == []


def test_instances_are_listed_with_size_and_bounds():
    rows = json.loads(run_here("jobshop", "instances", "--json").stdout)["instances"]
    assert [row["name"] for row in rows] == list(classic_names())
    by_name = {row["name"]: row for row in rows}
    assert by_name["ta01"]["jobs"] == by_name["ta01"]["machines"] == 15
    assert by_name["ta01"]["best_known"] == best_known("ta01").upper == 1231
    shown = run_here("jobshop", "instances", "ft").stdout
    assert next(line for line in shown.splitlines() if "ft10" in line).count("930") == 2
    assert "did you mean 'ta'" in refused("jobshop", "instances", "tai")
