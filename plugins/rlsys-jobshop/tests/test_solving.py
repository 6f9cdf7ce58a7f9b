"""`solve`: one method at a time, always a valid schedule, and wrong arguments are one line."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from small_networks import random_scorer

import rlsys_jobshop
from rlsys.errors import UserError
from rlsys_jobshop.checking import measure, violations
from rlsys_jobshop.instances import classic, factory
from rlsys_jobshop.playing import play
from rlsys_jobshop.problem import build
from rlsys_jobshop.rules import RULES, dispatch
from rlsys_jobshop.solving import solve
from rlsys_jobshop.trained import trained


@pytest.fixture
def network(tmp_path):
    """A network file, and what is in it."""
    found = random_scorer(1)
    found.save(tmp_path / "policy.npz")
    return tmp_path / "policy.npz", found


@pytest.fixture(scope="module")
def toy():
    return build(factory("toy", np.random.default_rng(3)))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_gives_the_best_of_its_schedules(rule, toy):
    for instance in (classic("ft06"), toy):
        solution = solve(instance, rule=rule, seed=4)
        assert violations(instance, solution.schedule.entries()) == []
        assert (solution.method, solution.bound) == (rule, None)
        found = [
            measure(schedule)
            for kind in ("active", "non-delay")
            for schedule in dispatch(instance, RULES[rule], seed=4, candidates=kind)
        ]
        own = measure(solution.schedule)
        if instance is toy:
            assert own.weighted_tardiness == min(one.weighted_tardiness for one in found)
        else:
            assert own.makespan == min(one.makespan for one in found)


def test_more_samples_of_a_policy_are_never_worse(network):
    path, found = network
    makespans = []
    for samples in (1, 4, 16):
        solution = solve(classic("la01"), policy=path, samples=samples, seed=2)
        assert violations(classic("la01"), solution.schedule.entries()) == []
        makespans.append(solution.schedule.makespan)
        one_by_one = play(classic("la01"), found, samples=samples, seed=2)
        assert makespans[-1] == min(schedule.makespan for schedule in one_by_one)
    assert makespans[0] >= makespans[1]
    assert makespans[0] >= makespans[2]


def test_the_objective_says_which_sample_is_the_best(network, toy):
    late, long = (
        solve(toy, policy=network[0], samples=32, objective=objective).schedule
        for objective in ("weighted-tardiness", "makespan")
    )
    assert measure(late).weighted_tardiness <= measure(long).weighted_tardiness
    assert long.makespan <= late.makespan


@pytest.mark.parametrize("search", ["tabu", "random-keys"])
def test_a_search_stops_when_it_is_told_to_and_its_schedule_is_valid(search):
    looks = []
    solution = solve(
        classic("ft10"),
        search=search,
        seconds=60,
        stopped=lambda: looks.append(1) or len(looks) > 3,
    )
    assert solution.method == search
    assert violations(classic("ft10"), solution.schedule.entries()) == []


def test_cp_sat_proves_the_optimum_of_ft06():
    pytest.importorskip("ortools", reason="pip install 'rlsys-jobshop[cp-sat]'")
    solution = solve(classic("ft06"), search="cp-sat", seconds=30)
    assert solution.schedule.makespan == solution.bound == 55


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"rule": "spt", "search": "tabu"}, "give one of policy, rule and search, not several"),
        ({"rule": "spt", "policy": "x"}, "give one of policy, rule and search, not several"),
        ({"rule": "sptt"}, "unknown rule 'sptt' .did you mean 'spt'"),
        ({"search": "tabo"}, "unknown search 'tabo' .did you mean 'tabu'"),
        ({"search": "random"}, "unknown search 'random' .did you mean 'random-keys'"),
        ({"rule": "spt", "objective": "makespam"}, "'makespam' is not a goal .*'makespan'"),
        ({"search": "tabu", "objective": "weighted-tardiness"}, "tabu search minimises the make"),
        ({"policy": "nowhere"}, "nowhere"),
        ({"policy": "nowhere.npz"}, "nowhere.npz"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, said):
    with pytest.raises(UserError, match=said) as error:
        solve(classic("ft06"), **arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("samples", [0, -3])
def test_at_least_one_sample_is_needed(network, samples):
    with pytest.raises(UserError, match=f"samples: {samples} is not allowed; give at least 1"):
        solve(classic("ft06"), policy=network[0], samples=samples)


def test_a_file_that_is_no_network_is_one_line(tmp_path):
    path = tmp_path / "policy.npz"
    path.write_bytes(b"no network")
    with pytest.raises(UserError, match=r"policy\.npz") as error:
        solve(classic("ft06"), policy=path)
    assert "\n" not in str(error.value)


def test_a_network_file_is_read_as_it_was_written(network):
    path, found = network
    read = trained(str(path)).network
    observations = np.random.default_rng(0).normal(size=(2, 5, 29))
    np.testing.assert_array_equal(read.logits(observations), found.logits(observations))


def test_solve_is_offered_by_the_package():
    assert rlsys_jobshop.solve is solve
    with pytest.raises(AttributeError, match="no attribute 'sovle'"):
        _ = rlsys_jobshop.sovle


@pytest.mark.parametrize(
    ("name", "objective", "file"),
    [
        ("ft06", "makespan", "makespan.npz"),
        ("mk01", "makespan", "flexible.npz"),
        ("mk01", "weighted-tardiness", "tardiness.npz"),
    ],
)
def test_the_policy_that_ships_is_the_one_for_such_instances(name, objective, file):
    found = solve(classic(name), objective=objective).schedule
    weights = files("rlsys_jobshop") / "weights" / file
    assert found.start.tolist() == play(classic(name), trained(weights).network)[0].start.tolist()
