"""The searchers against a benchmark whose best configuration is known."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_stage import ORIGINAL, FakeStage, config, truth, workload

from rlsys.controllers import NetworkController
from rlsys.errors import Interrupted, UserError
from rlsys.rollout import play
from rlsys.training import Problem, Session
from rlsys_sysctl.agents.factories import make_grid, make_optuna, make_random
from rlsys_sysctl.agents.search import MOST_REFUSED
from rlsys_sysctl.agents.settings import GridSettings, OptunaSettings, RandomSettings
from rlsys_sysctl.measuring.runner import BenchmarkFailed
from rlsys_sysctl.vector_env import SysctlVectorEnv

BEST = 250.0


class Tuning:
    """One search in `folder`, on a fake stage."""

    def __init__(self, folder, agent, stage=None, *, seed=0, resume=False, settings=None):
        self.config = settings or config()
        self.stage = stage or FakeStage(self.config, noise=0.02, seed=seed)
        self.lines = []
        problem = Problem(lambda n: SysctlVectorEnv(self.config, n, self.stage))
        session = Session(
            folder,
            seed,
            problem,
            emit=lambda line: self.lines.append(json.loads(json.dumps(line))),
            validation_episodes=1,
            resume=resume,
        )
        self.problem = problem
        self.policy = agent.train(problem, session)

    @property
    def trials(self):
        return [line for line in self.lines if "evaluation" in line]

    @property
    def truth(self):
        """The true performance of what was chosen, as a multiple of the default's."""
        return truth(self.policy.notes["values"]) / truth(ORIGINAL)


def optuna(**settings):
    return make_optuna(OptunaSettings(**settings))


def random(**settings):
    return make_random(RandomSettings(**settings))


@pytest.mark.full
def test_optuna_beats_random_search_at_equal_budget(tmp_path):
    """Median over twelve seeds, and in most of the pairs, at the default budget of 60 full runs."""
    found = {"optuna": [], "random": []}
    for seed in range(100, 112):
        for name, make in (("optuna", optuna), ("random", random)):
            tuning = Tuning(tmp_path / f"{name}{seed}", make(), seed=seed)
            assert tuning.policy.notes["evaluations"] <= 60 + 1
            found[name].append(tuning.truth)
    assert statistics.median(found["optuna"]) > statistics.median(found["random"])
    wins = sum(a > b for a, b in zip(found["optuna"], found["random"], strict=True))
    assert wins > 6
    # 90 % of the gain that there is.
    assert statistics.median(found["optuna"]) > 1 + 0.9 * (BEST / truth(ORIGINAL) - 1)


def test_racing_tries_more_configurations_for_the_same_budget(tmp_path):
    raced = Tuning(tmp_path / "raced", random())
    plain = Tuning(tmp_path / "plain", random(short=None))
    assert len(raced.trials) > 1.5 * len(plain.trials)
    assert len({t["fidelity"] for t in raced.trials}) == 2


def test_where_a_run_cannot_be_cut_there_are_no_short_ones(tmp_path):
    settings = config(benchmark_command=["true"])
    tuning = Tuning(tmp_path, random(evaluations=20), settings=settings)
    assert {fraction for _, fraction in tuning.stage.runs} == {1.0}


def test_the_policy_gives_the_winner_in_every_state_and_the_winner_was_confirmed(tmp_path):
    tuning = Tuning(tmp_path, optuna())
    notes = tuning.policy.notes
    confirmation = notes["confirmation"]
    assert confirmation["recommended"]
    assert confirmation["low"] > 1
    assert confirmation["low"] <= tuning.truth <= confirmation["high"] * 1.05
    observations = np.random.default_rng(0).random((5, 6)).astype(np.float32)
    for point in tuning.policy.act(observations):
        assert tuning.stage.values_at(point) == notes["values"]
    played = play(
        tuning.problem.make_env, NetworkController(tuning.policy), [0, 1], ["performance"]
    )
    assert played["performance"] == pytest.approx(tuning.truth, rel=0.1)


def test_where_nothing_is_better_the_default_is_the_answer(tmp_path):
    settings = config()
    flat = FakeStage(settings, lambda _: 100.0, noise=0.03, seed=1)
    tuning = Tuning(tmp_path, optuna(evaluations=40), flat)
    assert tuning.policy.notes["values"] == ORIGINAL
    assert tuning.lines[-2]["status"] == "default-not-beaten"


def test_false_alarms_are_rare(tmp_path):
    """Of 12 searches where nothing is better, the interval of 8 pairs lets few through."""
    alarms = 0
    for seed in range(12):
        flat = FakeStage(config(), lambda _: 100.0, noise=0.03, seed=seed)
        tuning = Tuning(tmp_path / f"{seed}", random(evaluations=8), flat, seed=seed)
        alarms += tuning.policy.notes["values"] != ORIGINAL
    # One side of a 95 % interval: 2.5 % of them are expected, and more than 3 of 12 have a
    # probability of 0.0002.
    assert alarms <= 3


@pytest.mark.parametrize("make", [optuna, random, lambda **s: make_grid(GridSettings(**s))])
def test_a_killed_search_goes_on_as_if_it_had_not_been(tmp_path, make):
    whole = Tuning(tmp_path / "whole", make(evaluations=25), FakeStage(config()))

    class Killed(FakeStage):
        def run(self, values, fraction, seed):
            if len(self.runs) == 30:
                raise Interrupted("killed")
            return super().run(values, fraction, seed)

    with pytest.raises(Interrupted):
        Tuning(tmp_path / "cut", make(evaluations=25), Killed(config()))
    rest = Tuning(tmp_path / "cut", make(evaluations=25), FakeStage(config()), resume=True)

    def told(tuning):
        keys = ("evaluation", "reward", "parameters", "fidelity", "best_parameters")
        return [{key: trial[key] for key in keys} for trial in tuning.trials]

    assert told(rest) == told(whole)
    assert rest.policy.notes["values"] == whole.policy.notes["values"]
    assert len(rest.stage.runs) < len(whole.stage.runs)


def test_a_finished_search_is_not_run_again(tmp_path):
    first = Tuning(tmp_path, optuna(evaluations=15))
    again = Tuning(tmp_path, optuna(evaluations=15), resume=True)
    assert again.policy.notes["values"] == first.policy.notes["values"]
    assert again.stage.runs == []


def test_another_search_is_not_gone_on_with(tmp_path):
    Tuning(tmp_path, random(evaluations=5))
    with pytest.raises(UserError, match="study of another search"):
        Tuning(tmp_path, random(evaluations=5), settings=config(repeats=2), resume=True)


def test_the_search_ends_early_when_nothing_better_comes(tmp_path):
    settings = config()
    flat = FakeStage(settings, lambda _: 100.0)
    tuning = Tuning(tmp_path, optuna(evaluations=200, patience=12), flat)
    assert len(tuning.trials) in (12, 13)  # the first may be a little steadier than the default


def test_a_warm_start_begins_with_the_best_of_before(tmp_path):
    first = Tuning(tmp_path / "first", optuna())
    best = max((t for t in first.trials if t["fidelity"] == "full"), key=lambda t: t["reward"])
    cold = Tuning(tmp_path / "cold", optuna(evaluations=10), seed=5)
    warm = Tuning(
        tmp_path / "warm", optuna(evaluations=10, warm_start=str(tmp_path / "first")), seed=5
    )
    assert warm.trials[0]["parameters"] == best["parameters"]
    assert warm.truth > cold.truth


def test_a_warm_start_that_cannot_be_says_why(tmp_path):
    with pytest.raises(UserError, match=r"neither a study\.db nor a run"):
        Tuning(tmp_path / "a", optuna(warm_start=str(tmp_path / "nothing")))
    Tuning(tmp_path / "other", random(evaluations=12))
    space = [{"param": "vm.swappiness", "type": "int", "min": 0, "max": 1}]
    settings = config(action_space=space)

    class Narrow(FakeStage):
        @property
        def original(self):
            return {"vm.swappiness": "60"}

    narrow = Narrow(settings, lambda _: 100.0)
    with pytest.raises(UserError, match=r"holds no configuration of vm\.swappiness"):
        Tuning(
            tmp_path / "b", optuna(warm_start=str(tmp_path / "other")), narrow, settings=settings
        )


def test_the_grid_tries_every_combination_once(tmp_path):
    settings = config()
    tuning = Tuning(tmp_path, make_grid(GridSettings(levels=3)), FakeStage(settings))
    tried = [tuple(trial["parameters"].values()) for trial in tuning.trials]
    assert len(tried) == len(set(tried)) == 3 * 3 * 3
    assert {value[0] for value in tried} == {"0", "100", "200"}
    assert {value[2] for value in tried} == {"0", "1", "2"}


def test_what_breaks_a_constraint_is_worth_nothing_and_costs_no_run(tmp_path):
    rule = {"left": "vm.page-cluster", "relation": "<", "right": 4}
    settings = config(constraints=[rule])
    stage = FakeStage(settings)
    tuning = Tuning(tmp_path, random(evaluations=20), stage, settings=settings)
    refused = [t for t in tuning.trials if int(t["parameters"]["vm.page-cluster"]) >= 4]
    assert refused
    assert {t["fidelity"] for t in refused} == {"refused"}
    assert {t["reward"] for t in refused} == {0.0}
    assert all(int(t["best_parameters"]["vm.page-cluster"]) < 4 for t in tuning.trials)


def test_where_everything_fails_the_search_gives_up_and_says_why(tmp_path):
    rule = {"left": "vm.page-cluster", "relation": "<", "right": 0}
    settings = config(constraints=[rule])
    with pytest.raises(UserError, match=rf"last {MOST_REFUSED} .*vm.page-cluster < 0"):
        Tuning(tmp_path, random(), FakeStage(settings), settings=settings)


def test_a_configuration_with_which_the_benchmark_fails_is_avoided(tmp_path):
    class Fragile(FakeStage):
        def run(self, values, fraction, seed):
            if values is not None and int(values["vm.page-cluster"]) >= 8:
                self.runs.append((dict(values), fraction))
                raise BenchmarkFailed("out of memory")
            return super().run(values, fraction, seed)

    tuning = Tuning(tmp_path, optuna(evaluations=30), Fragile(config()))
    failed = [t for t in tuning.trials if t["fidelity"] == "refused"]
    assert failed
    assert int(tuning.policy.notes["values"]["vm.page-cluster"]) < 8


def test_everything_a_live_page_shows_is_in_the_metrics_as_it_happens(tmp_path):
    tuning = Tuning(tmp_path, optuna(evaluations=40))
    for number, line in enumerate(tuning.trials, 1):
        assert line["evaluation"] == number
        assert 0 <= line["step"] < line["total"] == 40
        assert set(line["parameters"]) == set(line["best_parameters"]) == set(ORIGINAL)
        for key in ("reward", "best_reward", "mean_reward", "performance", "stability"):
            assert np.isfinite(line[key])
    means = np.cumsum([t["reward"] for t in tuning.trials]) / np.arange(1, len(tuning.trials) + 1)
    assert [t["mean_reward"] for t in tuning.trials] == pytest.approx(means.tolist())
    best = [t["best_reward"] for t in tuning.trials[3:]]
    assert best == sorted(best)
    statuses = [line["status"] for line in tuning.lines if "status" in line]
    assert statuses[0] == "searching"
    assert statuses.count("confirming") == 8
    assert "recommended" in statuses
    runs = [line for line in tuning.lines if "run" in line]
    assert {line["run"] for line in runs} == {"default", "candidate"}


def test_the_importance_of_the_parameters_is_told(tmp_path):
    def only_swappiness(values):
        return 100.0 + int(values["vm.swappiness"]) - 60

    tuning = Tuning(tmp_path, random(evaluations=30), FakeStage(config(), only_swappiness))
    importance = tuning.policy.notes["importance"]
    assert max(importance, key=importance.__getitem__) == "vm.swappiness"
    assert sum(importance.values()) == pytest.approx(1)


def test_nothing_large_is_imported_while_the_machine_has_values_of_the_tuning(tmp_path):
    """An import takes seconds of a processor that a benchmark may be running on."""
    code = """
import json, pathlib, sys
from fake_stage import FakeStage, config
from test_search import Tuning, optuna

class Watched(FakeStage):
    before = None

    def run(self, *args):
        if self.before is None:
            self.before = set(sys.modules)
        return super().run(*args)

stage = Watched(config(), noise=0.02)
tuning = Tuning(pathlib.Path(sys.argv[1]), optuna(evaluations=30), stage)
assert tuning.policy.notes["importance"]
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - stage.before})))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert not imported & {
        "gymnasium",
        "optuna",
        "pandas",
        "scipy",
        "sklearn",
        "sqlalchemy",
        "torch",
    }


def test_a_gaussian_process_searches_too(tmp_path):
    pytest.importorskip("scipy", reason="pip install scipy")
    pytest.importorskip("torch", reason="pip install torch")
    tuning = Tuning(
        tmp_path, optuna(sampler="gp", evaluations=20, n_startup=4), FakeStage(config())
    )
    assert tuning.truth > 1.2


def test_another_environment_is_refused(tmp_path):
    class Other:
        def __init__(self, *_):
            self.closed = False

        def close(self):
            self.closed = True

    problem = Problem(Other)
    with pytest.raises(UserError, match="environment 'sysctl'"):
        optuna().train(problem, Session(tmp_path, 0, problem))


def test_the_workload_of_these_tests_is_sound():
    assert set(workload()["action_space"][0]) >= {"param", "min", "max"}
    grid = [
        truth({"vm.swappiness": str(s), "vm.page-cluster": str(c), "vm.laptop_mode": m})
        for s in range(201)
        for c in range(16)
        for m in "012"
    ]
    assert max(grid) == BEST
    assert np.median(grid) < 1.1 * truth(ORIGINAL)
