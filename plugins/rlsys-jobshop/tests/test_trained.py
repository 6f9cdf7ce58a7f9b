"""A run's policy is taken with what it chooses from, and by the name of its case."""

from __future__ import annotations

import numpy as np
import pytest
from small_networks import random_scorer

import rlsys
from rlsys.errors import UserError
from rlsys_jobshop.instances import classic
from rlsys_jobshop.playing import play
from rlsys_jobshop.solving import solve
from rlsys_jobshop.trained import trained

TINY = {
    "environment.random": {"jobs": [3, 3], "machines": [3, 3]},
    "environment.candidates": "non-delay",
    "environment.held_out": {},
    "environment.stages": {"small": {"jobs": [2, 2], "machines": [2, 2]}},
    "agents.self-labelling.rounds": 1,
    "agents.self-labelling.episodes": 8,
    "agents.self-labelling.keep": 4,
    "agents.self-labelling.instances": 4,
    "training.validate_every": 0,
    "training.validation_episodes": 2,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    pytest.importorskip("torch")
    return rlsys.train("jobshop", set=TINY, out=tmp_path_factory.mktemp("runs") / "run").path


def test_a_policy_chooses_from_what_it_was_trained_to_choose_from(run):
    found = trained(run, "classic")
    assert found.candidates == "non-delay"
    (expected,) = play(classic("ft10"), found.network, candidates="non-delay")
    (other,) = play(classic("ft10"), found.network, candidates="active")
    solved = solve(classic("ft10"), policy=run, case="classic").schedule
    assert solved.start.tolist() == expected.start.tolist() != other.start.tolist()


def test_each_case_of_a_run_has_a_policy_of_its_own(run):
    seen = np.random.default_rng(0).normal(size=(3, 4, 29))
    first, last = (trained(run, case).network.logits(seen) for case in ("small", "classic"))
    assert not np.array_equal(first, last)
    with pytest.raises(UserError, match=r"name the case, one of \['classic', 'small'\]"):
        trained(run)


def test_a_case_needs_a_run(tmp_path):
    random_scorer(0).save(tmp_path / "network.npz")
    with pytest.raises(UserError, match="one network, so there is no case 'classic' in it"):
        trained(tmp_path / "network.npz", "classic")
    with pytest.raises(UserError, match="case: 'classic' says whose policy of a run"):
        solve(classic("ft06"), case="classic")


def test_a_run_of_another_plugin_is_refused(run, tmp_path):
    config = (run / "config.yaml").read_text(encoding="utf-8")
    assert "plugin: jobshop\n" in config
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.yaml").write_text(
        config.replace("plugin: jobshop\n", "plugin: rtos\n"), encoding="utf-8"
    )
    (other / "manifest.json").write_bytes((run / "manifest.json").read_bytes())
    with pytest.raises(UserError, match="is a run of rtos, not of jobshop"):
        trained(other)
