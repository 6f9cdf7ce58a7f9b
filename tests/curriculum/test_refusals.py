"""A curriculum that cannot be climbed is refused in one line, before anything is trained."""

from __future__ import annotations

import pytest
from program import LAMPS, LAMPS_FILE, refused, run_here

from rlsys.config.curriculum import check_starts
from rlsys.descriptors import Case
from rlsys.errors import PluginError

TRAIN = (*LAMPS, "train", "lamps", "--quiet", "--set", "rooms=[hall,attic,roof]")
CLIMB = (*TRAIN, "--set", "starts={attic: hall, roof: attic}")


def case(name, start=None, policy=None):
    return Case(name=name, config=None, start=start, policy=policy)


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ([case("a"), case("b", "c")], "case 'b' starts from unknown case 'c' (known: a, b)"),
        ([case("easy"), case("b", "esy")], "did you mean 'easy'?"),
        ([case("a", "a")], "in a circle: a <- a;"),
        ([case("a", "b"), case("b", "a")], "in a circle: a <- b <- a;"),
        ([case("x", "a"), case("a", "b"), case("b", "a")], "in a circle: x <- a <- b <- a;"),
        ([case("a"), case("b", "a", policy="a")], "give it either `policy` or `start`"),
        ([case("a"), case("b", policy="a"), case("c", "b")], "uses the policy of case 'a'; start"),
    ],
)
def test_a_plugin_that_describes_no_order_is_told_why(cases, said):
    with pytest.raises(PluginError) as error:
        check_starts(cases)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_cases_may_share_a_start_and_come_in_any_order():
    check_starts([case("c", "b"), case("d", "b"), case("b", "a"), case("a"), case("e", policy="d")])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("starts={attic: cellar}", "case 'attic' starts from unknown case 'cellar'"),
        ("starts={attic: roof, roof: attic}", "in a circle: attic <- roof <- attic"),
        ("training.promotion={}", "training.promotion: give a threshold or patience"),
        ("training.promotion.patience=0", "greater than or equal to 1 (got 0)"),
        ("training.promotion.patience=1.5", "training.promotion.patience: "),
        ("training.promotion.threshold=high", "should be a valid number"),
        ("training.promotion.threshold=.nan", "should be a finite number"),
        ("training.promotion.threshold={hall: .inf}", "threshold.hall: input should be a finite"),
        ("training.promotion.threshold={hal: 5}", "(did you mean 'hall'? known: attic, hall)"),
        ("training.promotion.threshold={roof: 5}", "no case starts from 'roof'"),
        ("training.promotion={metric: hots, patience: 1}", "(did you mean 'hits'? known: hits, r"),
        ("training.promotion={metric: answers, patience: 1}", "'answers' is not a metric with one"),
        ("training.promotion={metric: hits}", "give a threshold or patience"),
        ("training.promotion={patience: 1, steps: 5}", "training.promotion.steps: unknown key"),
        ("agents.hill-climbing.cases.hal.steps=5", "no case 'hal' is trained (did you mean 'hall'"),
        ("agents.hill-climbing.cases.hall.stepps=5", "stepps: unknown key (did you mean 'steps'?"),
        ("agents.hill-climbing.cases.hall.steps=0", "steps: input should be greater than or equal"),
        ("agents.hill-climbing.cases.hall=5", "must map keys to values"),
        ("agents.hill-climbing.cases=5", "agents.hill-climbing.cases: must map cases to settings"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path, more, said):
    line = refused(*CLIMB, "--set", more, "--out", tmp_path / "run")
    assert said in line
    assert not (tmp_path / "run").exists()


def test_an_agent_that_cannot_start_from_a_network_is_refused_before_the_training(tmp_path):
    file = tmp_path / "unable.py"
    text = LAMPS_FILE.read_text().replace('"lamps:', '"unable:')
    begin, end = text.index("@hookimpl"), text.index("@hookimpl\ndef rlsys_agents")
    text = (text[:begin] + text[end:]).replace("starts_from_network=True", "requires=()")
    file.write_text(text.replace("hill-climbing", "unable"))
    command = ("--plugin-file", file, *CLIMB, "--agent", "hill-climbing", "--agent", "unable")
    line = refused(*command, "--out", tmp_path / "run")
    assert "agent 'unable' cannot start from a network, but case 'attic' starts from" in line
    assert line.endswith("train every case from scratch with --set training.transfer=false")
    assert not (tmp_path / "run").exists()
    # What the line advises works.
    scratch = ("--plugin-file", file, *CLIMB, "--agent", "unable", "--steps", "96",
               "--set", "training.transfer=false")  # fmt: skip
    done = run_here(*scratch, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr


def test_a_run_with_stages_gets_no_more_steps(tmp_path):
    path = tmp_path / "run"
    assert run_here(*CLIMB, "--steps", "96", "--out", path).returncode == 0
    before = {f: f.read_bytes() for f in path.rglob("*") if f.is_file()}
    line = refused(*CLIMB, "--steps", "192", "--out", path, "--resume")
    assert "agents.hill-climbing.steps = 96, not 192" in line
    assert {f: f.read_bytes() for f in path.rglob("*") if f.is_file()} == before
