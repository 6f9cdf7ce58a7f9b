"""`rlsys.run` and its like do what the commands do, with keywords named after the flags."""

from __future__ import annotations

import inspect
import json
import shutil
from importlib import import_module

import click
import numpy as np
import pytest
from program import LAMPS, LAMPS_FILE, run_here

import rlsys
from rlsys.api import Series
from rlsys.cli.main import cli
from rlsys.errors import ConfigError, UserError

FILE = {"plugin_file": LAMPS_FILE}


@pytest.mark.parametrize("name", ["run", "train", "evaluate", "compare"])
def test_every_option_of_a_command_is_a_keyword_and_the_other_way_round(name):
    command = import_module(f"rlsys.cli.commands.{name}").command
    flags = {
        option.lstrip("-").replace("-", "_")
        for parameter in (*command.params, *cli.params)
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--")
    } - {"json", "quiet", "version", "help"}
    parameters = inspect.signature(getattr(rlsys, name)).parameters.values()
    keywords = {one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}
    assert keywords == flags | {"progress"}


def test_a_run_from_python_is_that_of_the_command_line(run, tmp_path):
    printed = run_here(
        *LAMPS, "run", "lamps", "--preset", "two-rooms", "--seeds", "2", "--steps", "1920",
        "--set", "training.checkpoint_every=192", "--set", "exports=[json]", "--set", "noise=0.2",
        "--episodes", "40", "--json", "--out", tmp_path / "run",
    )  # fmt: skip
    assert printed.returncode == 0, printed.stderr
    document = json.loads(printed.stdout)
    assert run.document == {**document, "run": str(run.path)}
    assert (run.path / "config.yaml").read_bytes() == (tmp_path / "run/config.yaml").read_bytes()
    assert (run.status, run.seeds, run.cases) == ("complete", [0, 1], ["attic", "hall"])
    assert run.config["environment"]["noise"] == 0.2


def test_it_keeps_the_command_that_would_do_the_same(run, tmp_path):
    words = json.loads((run.path / "manifest.json").read_text())["command"]
    assert words[0] == "rlsys"
    words[words.index("--out") + 1] = str(tmp_path / "again")
    assert run_here(*words[1:], "--quiet").returncode == 0
    config = (tmp_path / "again/config.yaml").read_bytes()
    assert config == (run.path / "config.yaml").read_bytes()


@pytest.mark.parametrize(
    "given",
    [
        {"set": {"noise": 0.5, "rooms": ["ab", "cd"]}, "steps": 96},
        {"config": {"agents": {"hill-climbing": {"width": 0.7, "steps": 96}}, "seed": 2}},
        {"config": {"evaluation": {"baselines": []}}, "set": "noise=0", "agent": "hill-climbing"},
    ],
    ids=str,
)
def test_the_kept_command_does_the_same(tmp_path, given):
    made = rlsys.train("lamps", out=tmp_path / "a", **given, **FILE)
    words = json.loads((made.path / "manifest.json").read_text())["command"]
    words[words.index("--out") + 1] = str(tmp_path / "b")
    done = run_here(*words[1:], "--quiet")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b/config.yaml").read_bytes() == (tmp_path / "a/config.yaml").read_bytes()


@pytest.mark.parametrize(
    "given",
    [
        {"environment": {"noise": 0.5}, "agents": {"hill-climbing": {"width": 1.5}}},
        {"environment.noise": 0.5, "agents.hill-climbing.width": 1.5},
        {"noise": np.float64(0.5), "agents": {"hill-climbing": {"width": np.array(1.5)}}},
        ["noise=0.5", {"agents.hill-climbing": {"width": 1.5}}],
        ("noise=0.5", "agents.hill-climbing.width=1.5"),
    ],
    ids=repr,
)
def test_settings_are_nested_dotted_or_texts(tmp_path, given):
    made = rlsys.train("lamps", set=given, steps=96, out=tmp_path / "run", **FILE)
    assert made.config["environment"]["noise"] == 0.5
    assert made.config["agents"] == {"hill-climbing": {"width": 1.5, "steps": 96, "fail_at": None}}


def test_a_configuration_is_a_file_or_what_it_contains(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("environment: {noise: 0.7}\nseed: 3\n")
    configs = [
        rlsys.train("lamps", config=given, steps=96, out=tmp_path / str(index), **FILE).config
        for index, given in enumerate((file, {"environment": {"noise": 0.7}, "seed": 3}))
    ]
    assert configs[0] == configs[1]
    assert (configs[0]["environment"]["noise"], configs[0]["seed"]) == (0.7, 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"set": {"nois": 1}}, r"^set 'nois': nois: unknown key \(did you mean 'noise'"),
        ({"set": {"noise": 3}}, r"^set 'noise': noise: .* less than or equal to 1"),
        ({"set": {"a..b": 3}}, r"^set 'a..b': the key must be names joined by '.'"),
        ({"steps": 1.5}, r"^steps: must be a whole number, not 1.5"),
        ({"seeds": "two"}, r"^seeds: must be a whole number, not 'two'"),
        ({"seed": True}, r"^seed: must be a whole number, not True"),
        ({"jobs": 0}, r"^jobs: must be at least 1, not 0"),
        ({"pre_set": "x"}, r"no argument 'pre_set' here, and no executor .*did you mean 'preset'"),
        ({"preset": "two-room"}, r"no preset 'two-room' \(did you mean 'two-rooms'"),
        ({"agent": "ppo2"}, r"unknown agent 'ppo2'"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
def test_a_mistake_is_one_line_and_nothing_is_written(tmp_path, given, message):
    with pytest.raises(UserError, match=message) as caught:
        rlsys.run("lamps", out=tmp_path / "run", **FILE, **given)
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_numbers_that_are_whole_may_be_floats(tmp_path):
    made = rlsys.train("lamps", steps=1e3, seed=np.int64(4), out=tmp_path / "run", **FILE)
    assert made.config["agents"]["hill-climbing"]["steps"] == 1000
    assert made.seeds == [4]


def test_settings_do_not_choose_the_agent(tmp_path):
    with pytest.raises(ConfigError, match=r"agent 'ppo' does not train here, hill-climbing does"):
        rlsys.train("lamps", set={"agents": {"ppo": {"gamma": 0.9}}}, out=tmp_path / "a", **FILE)


def test_evaluating_again_and_comparing(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run.path, copy)
    again = rlsys.evaluate(copy, episodes=1e1, first_episode=40, no_oracle=True, **FILE)
    assert {row.n for row in again.results} == {10, 20}
    assert {row.kind for row in again.results} == {"learned", "baseline"}
    # A run brings its plugins along.
    loaded = rlsys.load(copy, **FILE)
    assert {row.n for row in rlsys.evaluate(loaded, episodes=5).results} == {5, 10}
    picture = tmp_path / "all.png"
    both = rlsys.compare("lamps", run, copy, preset="two-rooms", episodes=10, out=picture, **FILE)
    learned = {row.controller for row in both.results if row.kind == "learned"}
    assert len(learned) == 2
    assert both.figures["comparison"].path == picture
    assert picture.read_bytes() == both.figures["comparison"]._repr_png_()


def test_a_sweep_has_a_run_for_every_point(tmp_path):
    pytest.importorskip("matplotlib", reason="pip install 'rlsys[figures]'")
    series = rlsys.run(
        "lamps", sweep="noise=0,0.5", steps=96, episodes=10, out=tmp_path / "s", **FILE
    )
    assert isinstance(series, Series)
    assert list(series.points) == [0, 0.5]
    assert {row.point["value"] for row in series.results} == {0, 0.5}
    for value, point in series.points.items():
        assert point.config["environment"]["noise"] == value
        own = [(r.controller, r.metric, r.mean) for r in point.results]
        mine = [
            (r.controller, r.metric, r.mean) for r in series.results if r.point["value"] == value
        ]
        assert own == mine
    with pytest.raises(UserError, match="a sweep, not a run"):
        rlsys.load(series.path)


def test_a_point_of_a_sweep_is_not_taken_for_one_with_other_settings(tmp_path):
    pytest.importorskip("matplotlib", reason="pip install 'rlsys[figures]'")
    given = {"sweep": "noise=0,0.5", "episodes": 10, "out": tmp_path / "s", **FILE}
    rlsys.run("lamps", steps=96, **given)
    with pytest.raises(UserError, match="seed = 0, not 1"):
        rlsys.run("lamps", steps=96, seed=1, resume=True, **given)
    more = rlsys.run("lamps", steps=192, resume=True, **given)
    assert [p.config["agents"]["hill-climbing"]["steps"] for p in more.points.values()] == [192] * 2


def test_what_is_loaded_is_a_run(tmp_path, small):
    assert rlsys.load(small.path).status == "complete"
    assert rlsys.load(str(small.path)).metrics() == small.metrics() != []
    with pytest.raises(UserError, match="not a run directory"):
        rlsys.load(tmp_path)
