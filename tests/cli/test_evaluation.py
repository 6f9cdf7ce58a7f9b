"""What is printed follows from the episodes that are kept."""

from __future__ import annotations

import csv
import json
import statistics
from collections import defaultdict

import numpy as np
import pytest
from lamps import STEPS, Lamps, LampsConfig
from program import LAMPS, run_here
from scipy import stats

from rlsys.network import Network


@pytest.fixture(scope="module")
def episodes(whole):
    with (whole.path / "evaluation" / "episodes.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_results_are_those_of_the_kept_episodes(whole, episodes):
    values = defaultdict(list)
    for row in episodes:
        for metric in ("reward", "hits"):
            values[row["case"], row["controller"], metric].append(float(row[metric]))
    rows = [row for row in whole.document["results"] if "part" not in row]
    assert {(r["case"], r["controller"], r["metric"]) for r in rows} == set(values)
    for row in rows:
        mine = values[row["case"], row["controller"], row["metric"]]
        assert row["n"] == len(mine) == (80 if row["kind"] == "learned" else 40)
        assert row["mean"] == pytest.approx(statistics.fmean(mine))
        assert row["iqm"] == pytest.approx(stats.trim_mean(mine, 0.25))
        assert row["low"] <= row["mean"] <= row["high"]


def test_every_controller_plays_the_same_episodes(episodes):
    seeds = defaultdict(list)
    for row in episodes:
        seeds[row["case"], row["controller"], row["training"]].append(int(row["seed"]))
    assert len({tuple(each) for each in seeds.values()}) == 1
    assert min(min(each) for each in seeds.values()) >= 2**31


def test_a_kept_episode_can_be_played_again_by_hand(whole, episodes):
    """Uses nothing from the core except the network's own arithmetic."""
    row = next(r for r in episodes if r["kind"] == "learned" and r["training"] == "1")
    network = Network.load(whole.path / "policies" / row["case"] / "seed-1" / "network.npz")
    env = Lamps(LampsConfig(), 1)
    observation, _ = env.reset(seed=[int(row["seed"])])
    total = 0.0
    for _ in range(STEPS):
        observation, reward, *_ = env.step(network.act(observation))
        total += reward[0]
    assert total == float(row["reward"])


def test_better_is_said_only_where_the_paired_interval_excludes_zero(whole, episodes):
    rewards = defaultdict(dict)
    for row in episodes:
        rewards[row["case"], row["controller"]][row["training"], row["seed"]] = float(row["reward"])
    compared = [v for v in whole.document["verdicts"] if v["kind"] == "better-than"]
    assert len(compared) == 4
    for verdict in compared:
        ours, theirs = (
            rewards[verdict["case"], verdict[side]] for side in ("subject", "reference")
        )
        difference = [value - theirs["0", seed] for (_, seed), value in ours.items()]
        assert verdict["figures"]["mean"] == pytest.approx(np.mean(difference))
        assert verdict["holds"] is (verdict["figures"]["low"] > 0)


def test_the_closed_share_of_the_gap(whole):
    means = {
        (r["case"], r["controller"]): r["mean"]
        for r in whole.document["results"]
        if r["metric"] == "reward"
    }
    for verdict in whole.document["verdicts"]:
        if verdict["kind"] == "reaches":
            assert (verdict["subject"], verdict["reference"]) == ("hill-climbing", "optimum")
            learned, low, high = (
                means[verdict["case"], name] for name in ("hill-climbing", "always-on", "optimum")
            )
            share = verdict["figures"]["share-of-gap-closed"]
            assert share == pytest.approx((learned - low) / (high - low))
            ends = [verdict["figures"][f"share-of-gap-closed-{end}"] for end in ("low", "high")]
            assert ends[0] <= share <= ends[1]


def test_evaluating_again_gives_the_same_and_other_episodes_others(copied, whole):
    def results(*arguments):
        result = run_here(*LAMPS, "evaluate", copied, "--json", *arguments)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)["results"]

    assert results() == whole.document["results"]
    assert results("--first-episode", "40") != whole.document["results"]
    assert "oracle" not in {row["kind"] for row in results("--no-oracle")}
    assert {row["n"] for row in results("--episodes", "5")} == {5, 10}


def test_values_out_of_range_name_the_option(copied):
    for option in ("--episodes", "--first-episode"):
        result = run_here(*LAMPS, "evaluate", copied, option, "-1")
        assert result.returncode == 1
        assert result.stderr.startswith(f"rlsys: error: {option}: evaluation.")


RUN = (*LAMPS, "run", "lamps", "--steps", "96", "--episodes", "20", "--quiet", "--json")


@pytest.mark.parametrize("oracle", ["refusing", "refusing-late"])
def test_an_optimum_that_cannot_be_computed_is_a_note(tmp_path, oracle):
    result = run_here(*RUN, "--set", f"oracle={oracle}", "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["notes"] == ["hall: no optimum: the table would take 5 TiB"]
    assert {row["kind"] for row in document["results"]} == {"learned", "baseline"}
    assert "the table would take 5 TiB" in (tmp_path / "report.md").read_text()


def test_runs_of_one_name_are_kept_apart_when_compared(whole, copied):
    result = run_here(
        *LAMPS, "compare", "lamps", whole.path, copied, "--preset", "two-rooms",
        "--episodes", "10", "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    rows = [r for r in json.loads(result.stdout)["results"] if r["kind"] == "learned"]
    assert len({row["controller"] for row in rows}) == 2


def test_baselines_take_options():
    from rlsys.config.plan import Overrides, resolve_plan
    from rlsys.plugins.manager import PluginManager
    from rlsys.plugins.registry import Registry

    registry = Registry(PluginManager())

    def quantum(value):
        key = f"evaluation.options.round-robin.quantum={value}"
        plan = resolve_plan(registry, "rtos", Overrides("normal", assignments=(key,)))
        return {b.name: b.options for b in plan.environment.baselines}["round-robin"]

    assert quantum(3) == {"quantum": 3}


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("evaluation.options.round-robbin.quantum=3", "did you mean 'round-robin'"),
        ("evaluation.options.round-robin.quantm=3", "did you mean 'quantum'"),
        ("evaluation.options.round-robin.quantum=0", "quantum"),
    ],
)
def test_wrong_options_of_baselines_are_refused(assignment, words):
    from click.testing import CliRunner

    from rlsys.cli.main import cli
    from rlsys.errors import UserError

    arguments = ["compare", "rtos", "--preset", "normal", "--episodes", "1", "--no-oracle"]
    result = CliRunner().invoke(cli, [*arguments, "--set", assignment])
    assert isinstance(result.exception, UserError)
    assert words in str(result.exception)
