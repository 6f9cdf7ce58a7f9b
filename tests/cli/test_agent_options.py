"""Agents add options: short forms of their settings, kept in the run's configuration."""

from __future__ import annotations

import pytest
import yaml
from program import LAMPS, LAMPS_FILE, refused, run_here

FAR = ("--plugin-file", LAMPS_FILE.with_name("far_away.py"))
TRAIN = (*FAR, "train", "gymnasium", "--set", "id=CartPole-v1", "--agent", "far-away")


@pytest.mark.parametrize("value", [0, 1])
def test_an_option_is_the_setting(tmp_path, value):
    out = tmp_path / "run"
    done = run_here(*TRAIN, "--favourite", value, "--out", out)
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load((out / "config.yaml").read_text())
    assert config["agents"]["far-away"]["action"] == value


def test_it_is_stronger_than_a_setting_and_as_checked(tmp_path):
    weaker = ("--set", "agents.far-away.action=0")
    out = tmp_path / "run"
    assert run_here(*TRAIN, "--favourite", "1", *weaker, "--out", out).returncode == 0
    config = yaml.safe_load((out / "config.yaml").read_text())
    assert config["agents"]["far-away"]["action"] == 1
    line = refused(*TRAIN, "--favourite", "many", "--quiet", "--out", tmp_path / "b")
    assert "agents.far-away.action" in line


def test_an_agent_that_does_not_train_has_no_say():
    line = refused(*FAR, "train", "gymnasium", "--set", "id=CartPole-v1", "--favourite", "1", "-q")
    assert "agent 'far-away' does not train here, ppo does; choose it with --agent" in line


@pytest.mark.parametrize("name", ["run", "train", "tune"])
def test_help_shows_it(name):
    assert "--favourite N" in run_here(*FAR, name, "--help").stdout
    assert "--favourite" not in run_here(*LAMPS, name, "--help").stdout


def test_an_option_that_is_taken_names_the_plugin(tmp_path):
    file = tmp_path / "pushy.py"
    text = LAMPS_FILE.with_name("far_away.py").read_text()
    file.write_text(text.replace('name="favourite"', 'name="steps"').replace("far_away", "pushy"))
    line = refused("--plugin-file", file, "train", "gymnasium", "--quiet")
    assert "plugin 'pushy': the option --steps already exists" in line
