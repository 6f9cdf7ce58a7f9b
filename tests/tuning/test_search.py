"""A search finds what is better, says so honestly, and its result can be used."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml
from searching import document, rlsys, states, trials
from signs import LENGTH, Signs

import rlsys as package
from rlsys.network import Network
from rlsys.seeds import validation_seeds

SCHEMA = json.loads((Path(package.__file__).parent / "schemas" / "result.json").read_text())


def score(file: Path) -> float:
    """Return the mean reward on the validation episodes, played without rlsys' own loop."""
    network = Network.load(file)
    rewards = []
    for seed in validation_seeds(8):
        env = Signs(None, 1)
        observations, _ = env.reset(seed=[seed])
        total = 0.0
        for _ in range(LENGTH):
            observations, reward, *_ = env.step(network.act(observations, None))
            total += reward[0]
        rewards.append(total)
    return float(np.mean(rewards))


def network_of(path: Path) -> Path:
    (file,) = path.glob("policies/hall/seed-*/network.npz")
    return file


def test_a_better_learning_rate_than_the_planted_one_is_found(searched):
    path, _ = searched
    found = trials(path)
    assert found[0].params == {"descent.learning_rate": 1e-6}  # as it was configured
    assert found[0].value == 0.0
    best = max(found, key=lambda trial: trial.value)
    assert best.value == LENGTH
    settings = yaml.safe_load((path / "best.yaml").read_text())
    assert settings["agents"]["descent"]["learning_rate"] == best.params["descent.learning_rate"]
    assert settings["agents"]["descent"]["learning_rate"] > 1e-3


def test_scores_are_what_the_kept_networks_earn(searched):
    path, _ = searched
    for trial in trials(path):
        assert trial.value == score(network_of(path / "trials" / f"{trial.number:03d}"))


def test_the_document_has_the_shape_and_names_the_metric(searched):
    path, result = searched
    jsonschema.validate(result, SCHEMA)
    assert result == json.loads((path / "result.json").read_text())
    (row,) = result["results"]
    assert (row["metric"], row["kind"], row["n"]) == ("validation_reward", "learned", 8)
    assert row["mean"] == max(trial.value for trial in trials(path))
    for file in result["artefacts"].values():
        assert (path / file).is_file()
    assert result["notes"][0] == "trials: 12 finished, 0 pruned, 0 failed, 0 interrupted"
    assert json.loads((path / "manifest.json").read_text())["status"] == "complete"


def test_training_with_the_best_settings_gives_the_same_network(searched, tmp_path):
    path, _ = searched
    best = max(trials(path), key=lambda trial: trial.value)
    done = rlsys(
        "train", "signs", "--config", path / "best.yaml", "--seed", "3", "--out", tmp_path / "run"
    )
    assert done.returncode == 0, done.stderr
    again = Network.load(network_of(tmp_path / "run")).layers()["layers"][0].weight
    first = network_of(path / "trials" / f"{best.number:03d}")
    assert np.array_equal(again, Network.load(first).layers()["layers"][0].weight)


def test_a_trial_is_the_mean_over_cases_and_seeds_of_the_whole_pipeline(tmp_path):
    path = tmp_path / "search"
    result = document(
        "tune", "signs", "--trials", "4", "--jobs", "2", "--out", path, "--steps", "4",
        "--set", "rooms=[hall,yard]", "--set", "seeds=2", "--agent", "descent", "--agent", "polish",
        "--set", "agents.descent.learning_rate=0.5", "--set", "agents.polish.steps=4",
        "--search", "polish.learning_rate=0.01..1:log", "--search", "descent.batch=4,8",
        "--search", "polish.shape=[1],[2,3]",
    )  # fmt: skip
    assert [row["case"] for row in result["results"]] == ["hall", "yard"]
    assert [row["n"] for row in result["results"]] == [16, 16]
    for trial in trials(path):
        files = list((path / "trials" / f"{trial.number:03d}").glob("policies/*/*/network.npz"))
        assert len(files) == 4
        assert trial.value == pytest.approx(np.mean([score(file) for file in files]))
        settings = yaml.safe_load((path / f"trials/{trial.number:03d}/settings.yaml").read_text())
        assert settings["agents"]["descent"]["batch"] in (4, 8)
        assert settings["agents"]["polish"]["shape"] in ([1], [2, 3])
        assert 0.01 <= settings["agents"]["polish"]["learning_rate"] <= 1
        # The last report is the score itself, unless an agent ended below its best.
        assert trial.intermediate_values[max(trial.intermediate_values)] == trial.value


def test_planted_bad_settings_are_pruned_and_cost_fewer_steps(tmp_path):
    path = tmp_path / "search"
    document(
        "tune", "signs", "--trials", "10", "--out", path, "--steps", "100",
        "--set", "agents.descent.learning_rate=5.0", "--search", "learning_rate=5.0,1e-6",
        "--set", "agents.descent.waits=true",
    )  # fmt: skip
    steps: dict[int, int] = {}
    for text in (path / "metrics.jsonl").read_text().splitlines():
        line = json.loads(text)
        steps[line["trial"]] = max(line["step"], steps.get(line["trial"], 0))
    for trial in trials(path):
        bad = trial.params["descent.learning_rate"] == "1e-06"
        if trial.state.name == "PRUNED":
            assert bad
            assert steps[trial.number] < 100
        else:
            assert steps[trial.number] == 100
    assert states(path).count("PRUNED") >= 1


def test_a_training_that_fails_is_a_failed_trial(tmp_path):
    path = tmp_path / "search"
    result = document(
        "tune", "signs", "--trials", "3", "--out", path, "--search", "diverges_above=1e-9,1.0,50.0",
        "--set", "agents.descent.learning_rate=0.1", "--set", "agents.descent.diverges_above=1e-9",
    )  # fmt: skip
    first, *rest = trials(path)
    assert first.state.name == "FAIL"
    assert "diverged" in first.user_attrs["reason"]
    assert any(trial.state.name == "COMPLETE" for trial in rest)
    assert " 1 failed" in result["notes"][0] or " 2 failed" in result["notes"][0]


def test_where_every_trial_fails_the_reason_is_said(tmp_path):
    path = tmp_path / "search"
    done = rlsys(
        "tune", "signs", "--trials", "2", "--quiet", "--out", path, "--search", "batch=4..8",
        "--set", "agents.descent.diverges_above=1e-9",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "rlsys: error: all 2 trials failed; the first: "
        "the network diverged: lower the learning rate\n"
    )
    assert json.loads((path / "manifest.json").read_text())["status"] == "failed"
