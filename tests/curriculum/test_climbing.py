"""Stages are trained in their order, each from the network of the one before, and promoted."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from climb import (
    CLIMB,
    PROMOTED,
    ROOMS,
    arrays,
    assert_equal,
    assert_same_climb,
    lines,
    summary,
    unit,
)
from program import LAMPS_FILE, run, run_here

from rlsys.config.plan import Overrides, resolve_plan
from rlsys.executors.training_unit import training_units
from rlsys.network import Network
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry
from rlsys.policies import controller_of
from rlsys.rollout import play
from rlsys.seeds import validation_seeds


def done(*arguments):
    result = run_here(*arguments)
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def climb(tmp_path_factory):
    """Return a run without a rule of promotion; treat it as read-only."""
    path = tmp_path_factory.mktemp("climb") / "run"
    done(*CLIMB, "--seeds", "2", "--out", path)
    return path


@pytest.fixture(scope="module")
def promoted(tmp_path_factory):
    """Return a run whose stages are promoted; treat it as read-only."""
    path = tmp_path_factory.mktemp("promoted") / "run"
    done(*CLIMB, *PROMOTED, "--seeds", "2", "--out", path)
    return path


def test_trainings_come_after_those_that_they_start_from(tmp_path):
    starts = {"c": "b", "b": "a", "d": "b"}
    settings = {"rooms": ["c", "a", "b", "d", "alone"], "starts": starts}
    options = PluginOptions(files=(str(LAMPS_FILE),))
    overrides = Overrides(assignments=({"environment": settings},), flags=(("seeds", 2),))
    plan = resolve_plan(Registry(PluginManager(options)), "lamps", overrides)
    units = training_units(plan, options, lambda c, s: tmp_path / f"{c}{s}", resume=True)
    order = [u.directory.name for u in units]
    assert order == ["a0", "a1", "alone0", "alone1", "b0", "b1", "c0", "c1", "d0", "d1"]
    for each in units:
        start = starts.get(each.case)
        assert each.start == (start and tmp_path / f"{start}{each.seed}")
    assert [u.ready for u in units] == [True] * 4 + [False] * 6
    (tmp_path / "a1").mkdir()
    (tmp_path / "a1" / "network.npz").touch()
    assert [u.directory.name for u in units if u.ready and u.start] == ["b1"]
    assert [case.name for case in plan.stages] == ["a", "b", "c", "d"]


def test_stages_come_in_their_order_though_the_plugin_names_the_last_one_first(climb):
    order = list(dict.fromkeys(line["case"] for line in lines(climb)))
    assert order == list(ROOMS)


def test_a_stage_starts_from_the_best_network_of_the_one_before(climb):
    for earlier, later in itertools.pairwise(ROOMS):
        for seed in (0, 1):
            assert_equal(arrays(climb, later, seed, "start.npz"), arrays(climb, earlier, seed))
    assert not (unit(climb, "hall") / "start.npz").exists()


def test_what_is_said_of_the_start_is_what_that_network_does_on_the_validation_seeds(climb):
    import lamps

    for later in ROOMS[1:]:
        start = Network.load(unit(climb, later) / "start.npz")
        found = play(
            lambda n: lamps.Lamps(lamps.LampsConfig(noise=0.2), n),
            controller_of(start),
            validation_seeds(8),
        )
        assert summary(climb, later)["before"] == float(np.mean(found["reward"]))
    assert "before" not in summary(climb, "hall")


def test_the_agent_trains_from_that_network(tmp_path, climb):
    """With one tiny step and no better trial, a stage hardly leaves the network it starts from."""
    path = tmp_path / "run"
    done(*CLIMB, "--set", "agents.hill-climbing.cases.attic={width: 1.0e-9, steps: 96}",
         "--out", path)  # fmt: skip
    assert_equal(arrays(path, "hall"), arrays(climb, "hall"))
    for name, weights in arrays(path, "attic").items():
        np.testing.assert_allclose(weights, arrays(path, "hall")[name], atol=1e-7)


def test_from_scratch_every_case_is_trained_afresh_with_all_its_steps(tmp_path, climb):
    path = tmp_path / "scratch"
    done(*CLIMB, *PROMOTED, "--set", "training.transfer=false", "--out", path)
    for case in ROOMS:
        # All rooms are the same, so are their trainings.
        assert_equal(arrays(path, case), arrays(climb, "hall"))
        assert not (unit(path, case) / "start.npz").exists()
        assert max(line["step"] for line in lines(path) if line["case"] == case) == 960
    assert not any("ended" in line for line in lines(path))


def test_without_a_rule_every_stage_ends_with_its_last_step(climb):
    ended = [line for line in lines(climb) if "ended" in line]
    assert [line["case"] for line in ended] == [room for room in ROOMS for _ in (0, 1)]
    assert {line["ended"] for line in ended} == {"all its steps were done"}
    assert {line["step"] for line in ended} == {960}


def course(path, case, seed):
    """Return the validation rewards of a stage, by step."""
    return {
        line["step"]: line["validation_reward"]
        for line in lines(path)
        if (line["case"], line["seed"]) == (case, seed) and "validation_reward" in line
    }


@pytest.mark.parametrize("seed", [0, 1])
def test_a_stage_is_promoted_at_the_first_validation_that_meets_the_rule(promoted, seed):
    for case in ROOMS:
        best, waited, expected = -np.inf, 0, (960, "all its steps were done")
        for step, reward in course(promoted, case, seed).items():
            best, waited = max(best, reward), 0 if reward > best else waited + 1
            if case == "hall" and best >= 5.5:
                expected = (step, f"validation reward {best:.6g} reached 5.5")
                break
            if case != "roof" and waited >= 4:
                expected = (step, "no better network in 4 validations")
                break
        (agent,) = summary(promoted, case, seed)["agents"]
        assert (agent["steps"], agent["ended"]) == expected
        assert max(course(promoted, case, seed)) == agent["steps"]
        assert agent["validation_reward"] == agent["validation"] == best
        (said,) = [
            (line["step"], line["total"], line["ended"])
            for line in lines(promoted)
            if (line["case"], line["seed"]) == (case, seed) and "ended" in line
        ]
        assert said == (expected[0], *expected)


def test_the_rules_of_that_run_end_stages_early_and_never_the_last(promoted):
    ended = {(c, s): summary(promoted, c, s)["agents"][0]["ended"] for c in ROOMS for s in (0, 1)}
    assert {reason for (case, _), reason in ended.items() if case == "roof"} == {
        "all its steps were done"
    }
    assert any("reached 5.5" in reason for reason in ended.values())
    assert any("no better network" in reason for reason in ended.values())


def test_promotion_does_not_look_at_the_episodes_of_the_evaluation(tmp_path, promoted):
    """Other held-out episodes change no stage."""
    path = tmp_path / "run"
    done(*CLIMB, *PROMOTED, "--seeds", "2", "--set", "evaluation.first_episode=5000",
         "--set", "evaluation.episodes=3", "--out", path)  # fmt: skip
    assert lines(path) == lines(promoted)


def test_a_metric_whose_lower_values_are_better_promotes_downwards(tmp_path):
    path = tmp_path / "run"
    rule = "training.promotion={metric: hits, threshold: 5.5}"
    done(*CLIMB, "--set", rule, "--out", path)
    told = [line for line in lines(path) if "validation_hits" in line]
    assert told
    assert all(line["validation_hits"] == line["validation_reward"] for line in told)
    assert "validation hits" in summary(path, "hall")["agents"][0]["ended"]


def test_trainings_at_a_time_climb_as_one_after_another(tmp_path, promoted):
    path = tmp_path / "run"
    result = run(*CLIMB, *PROMOTED, "--seeds", "2", "--jobs", "2", "--out", path)
    assert result.returncode == 0, result.stderr
    assert_same_climb(path, promoted, seeds=(0, 1))


def test_agents_of_torch_climb_one_after_another_in_each_stage(tmp_path):
    """The first agent of a stage starts from the last one of the stage before."""
    pytest.importorskip("sb3_contrib", reason="pip install 'rlsys[rtos]'")
    path = tmp_path / "run"
    done("--plugin-file", LAMPS_FILE.with_name("rungs.py"), "train", "rungs", "--quiet",
         "--agent", "ppo", "--agent", "self-labelling", "--set", "training.validate_every=1",
         "--set", "training.promotion.patience=1",
         "--set", "agents.ppo={steps: 96, n_steps: 24, num_envs: 1, batch_size: 24}",
         "--set", "agents.ppo.learning_rate=1.0e-9",
         "--set", "agents.self-labelling={rounds: 2, episodes: 8, keep: 4}",
         "--set", "agents.self-labelling.cases.high.rounds=1", "--out", path)  # fmt: skip
    ended = [line for line in lines(path) if "ended" in line]
    assert [(line["case"], line["agent"], line["ended"]) for line in ended] == [
        # It hardly learns, so the second validation finds no better network.
        ("low", "ppo", "no better network in 1 validations"),
        ("low", "self-labelling", summary(path, "low")["agents"][1]["ended"]),
        ("high", "ppo", "all its steps were done"),
        ("high", "self-labelling", "all its steps were done"),
    ]
    assert ended[0]["step"] == 48
    assert_equal(arrays(path, "high", file="start.npz"), arrays(path, "low"))
    # With that learning rate PPO ends with the network that it started from.
    started = Network.load(unit(path, "high") / "start.npz").layers()["layers"]
    best = unit(path, "high") / "checkpoints" / "0-ppo" / "best" / "network.npz"
    for ours, theirs in zip(Network.load(best).layers()["layers"], started, strict=True):
        np.testing.assert_allclose(ours.weight, theirs.weight, atol=1e-6)


def test_tune_tries_the_climb_in_its_order(tmp_path):
    pytest.importorskip("optuna", reason="pip install 'rlsys[tune]'")
    path = tmp_path / "run"
    command = [word for word in CLIMB if word != "train"]
    command.insert(2, "tune")
    printed = done(*command, *PROMOTED, "--trials", "2", "--search", "hill-climbing.width=0.1..1",
                   "--json", "--out", path)  # fmt: skip
    assert json.loads(printed.stdout)["status"] == "complete"
    for trial in (path / "trials").iterdir():
        for earlier, later in itertools.pairwise(ROOMS):
            assert_equal(arrays(trial, later, file="start.npz"), arrays(trial, earlier))
