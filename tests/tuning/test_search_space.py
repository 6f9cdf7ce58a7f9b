"""What may be searched is checked before anything runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from searching import PLUGIN, rlsys

from rlsys.config.plan import Overrides, resolve_plan
from rlsys.descriptors import SearchRange
from rlsys.errors import ConfigError
from rlsys.plugins import PluginOptions, Workplace
from rlsys.tuning.space import present_settings, search_space, trial_config


@pytest.fixture(scope="module")
def registry():
    return Workplace(PluginOptions.from_environment((), [str(PLUGIN)])).registry


@pytest.fixture(scope="module")
def both(registry):
    return resolve_plan(registry, "signs", Overrides(agents=("descent", "polish")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("descent.lerning_rate=1..2", ["lerning_rate", "did you mean 'learning_rate'"]),
        ("lerning_rate=1..2", ["did you mean 'learning_rate'"]),
        ("desent.batch=2..8", ["desent", "did you mean 'descent'"]),
        ("batch=2..8", ["descent.batch or polish.batch"]),
        ("descent.batch=1..8", ["greater than or equal to 2", "got 1"]),
        ("descent.batch=2..65", ["less than or equal to 64", "got 65"]),
        ("descent.batch=2.5..8", ["valid integer", "2.5"]),
        ("descent.batch=8..2", ["low must be < high"]),
        ("descent.learning_rate=-1..1:log", ["low must be > 0"]),
        ("descent.batch=2..8:lin", ["'log'", "'lin'"]),
        ("descent.batch=two..8", ["'two' is not a number"]),
        ("descent.start=wrong,right", ["'wrong' or 'flat'", "right"]),
        ("descent.batch", ["must have the form"]),
        ("descent.batch=", ["must have the form"]),
        ("=2..8", ["must have the form"]),
    ],
)
def test_a_search_that_cannot_be_is_refused(both, text, words):
    with pytest.raises(ConfigError) as error:
        search_space(both, [text])
    assert len(str(error.value).splitlines()) == 1
    for word in ("--search", *words):
        assert word in str(error.value)


def test_a_setting_is_searched_once_and_an_agent_must_propose_something(registry, both):
    with pytest.raises(ConfigError, match="given twice"):
        search_space(both, ["descent.batch=2..8", "agents.descent.batch=2,4"])
    polish = resolve_plan(registry, "signs", Overrides(agents=("polish",)))
    with pytest.raises(ConfigError, match="nothing to search by default"):
        search_space(polish, [])


def test_values_reach_the_agent_as_what_they_are(both):
    texts = ["descent.batch=2..8", "polish.learning_rate=1e-5,1e-3", "polish.shape=[1],[2, 3]"]
    space = search_space(both, texts)
    assert [dimension.integer for dimension in space] == [True, False, False]
    stored = {
        "descent.batch": 4,
        "polish.learning_rate": "1e-05",
        "polish.shape": "[2, 3]",
    }
    agents = trial_config(both, space, stored)["agents"]
    assert agents["descent"]["batch"] == 4
    assert agents["polish"]["learning_rate"] == 1e-5
    assert agents["polish"]["shape"] == [2, 3]


def test_the_present_settings_are_tried_only_where_the_space_holds_them(both):
    inside = search_space(both, ["descent.batch=2..16", "polish.learning_rate=0.1,0.2"])
    assert present_settings(both, inside) == {
        "descent.batch": 16,
        "polish.learning_rate": "0.1",
    }
    assert present_settings(both, search_space(both, ["descent.batch=2..8"])) is None


def test_every_built_in_agent_proposes_what_it_allows(registry):
    from rlsys.agents import rlsys_agents

    for spec in rlsys_agents():
        plan = resolve_plan(registry, "signs", Overrides(agents=(spec.name,)))
        space = search_space(plan, [])
        assert len(space) >= 2, spec.name
        assert present_settings(plan, space) is not None, spec.name


@pytest.mark.parametrize(
    "wrong", [{}, {"low": 1.0}, {"low": 2.0, "high": 1.0}, {"low": 0.0, "high": 1.0, "log": True}]
)
def test_a_range_that_is_none_cannot_be_described(wrong):
    with pytest.raises(ValueError, match="'width'"):
        SearchRange(key="width", **wrong)


def test_nothing_is_written_where_the_search_is_refused(tmp_path):
    done = rlsys("tune", "signs", "--trials", "2", "--search", "bach=2..8", "--out", tmp_path / "s")
    assert done.returncode == 1
    assert "did you mean 'batch'" in done.stderr
    assert not (tmp_path / "s").exists()


def test_without_optuna_the_command_that_installs_it_is_named(tmp_path):
    code = f"""
import sys, importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "optuna" else find(name, *rest)
from rlsys.cli.main import main
main(["--plugin-file", {str(PLUGIN)!r}, "tune", "signs", "--trials", "1"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "pip install 'rlsys[tune]'" in done.stderr
    assert not list(Path(tmp_path).iterdir())
