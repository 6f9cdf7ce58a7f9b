"""Executors of plugins: chosen by name, with their own options, refused if something is missing."""

from __future__ import annotations

import json
import os

import pytest
from program import LAMPS, LAMPS_FILE, refused, run_here

ELSEWHERE = (*LAMPS, "--plugin-file", LAMPS_FILE.with_name("elsewhere.py"))
TRAIN = (*ELSEWHERE, "train", "lamps", "--steps", "96")


def test_an_executor_runs_the_units_and_sees_its_option(tmp_path):
    diary = tmp_path / "diary"
    done = run_here(*TRAIN, "--seeds", "2", "--executor", "elsewhere", "--jobs", "3",
                    "--diary", diary, "--out", tmp_path / "run")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert diary.read_text() == "3 hall 0\n3 hall 1\n"
    assert "ELSEWHERE_DIARY" not in os.environ
    assert len(list(tmp_path.rglob("seed-*/network.npz"))) == 2


def test_the_option_is_put_back_to_what_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("ELSEWHERE_DIARY", str(tmp_path / "before"))
    done = run_here(*TRAIN, "--executor", "elsewhere", "--diary", tmp_path / "now",
                    "--out", tmp_path / "run")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "now").read_text() == "None hall 0\n"
    assert os.environ["ELSEWHERE_DIARY"] == str(tmp_path / "before")


@pytest.mark.parametrize("name", ["run", "train", "tune"])
def test_help_shows_the_options_of_executors(name):
    shown = run_here(*ELSEWHERE, name, "--help").stdout
    assert "--executor NAME" in shown
    assert "--diary FILE" in shown
    assert "--diary" not in run_here(*LAMPS, name, "--help").stdout


def test_what_cannot_be_is_refused_in_one_line(tmp_path):
    out = ("--quiet", "--out", tmp_path / "run")
    line = refused(*TRAIN, "--executor", "elsewhre", *out)
    assert "unknown executor 'elsewhre' (did you mean 'elsewhere'?" in line
    line = refused(*TRAIN, "--executor", "nowhere", *out)
    assert line.endswith("install it with: pip install no-such-module")
    line = refused(*TRAIN, "--diary", "x", *out)
    assert "--diary is for the executor and the agents of plugin 'elsewhere'" in line
    assert not (tmp_path / "run").exists()


def test_an_option_that_is_taken_names_the_plugin(tmp_path):
    file = tmp_path / "greedy.py"
    text = LAMPS_FILE.with_name("elsewhere.py").read_text()
    file.write_text(text.replace('name="diary"', 'name="seed"').replace("elsewhere", "greedy"))
    line = refused(*LAMPS, "--plugin-file", file, "train", "lamps", "--quiet")
    assert "plugin 'greedy': the option --seed already exists" in line


def test_executors_are_listed():
    rows = json.loads(run_here(*ELSEWHERE, "plugins", "--json").stdout)["plugins"]
    provided = {row["name"]: row["provides"].get("executor", []) for row in rows}
    assert provided["rlsys.executors"] == ["local"]
    assert provided["elsewhere"] == ["elsewhere", "nowhere"]
