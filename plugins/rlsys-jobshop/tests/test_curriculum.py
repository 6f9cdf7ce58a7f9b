"""The curriculum climbs from stage to stage with one network."""

from __future__ import annotations

import itertools
import json

import pytest
from program import refused

import rlsys

TINY = {
    "agents.self-labelling.rounds": 2,
    "agents.self-labelling.episodes": 8,
    "agents.self-labelling.keep": 2,
    "agents.self-labelling.instances": 2,
    "environment.stages": {
        "two-machines": {"kind": "classic", "jobs": [3, 4], "machines": [2, 2]},
        "three-machines": {"kind": "brandimarte", "jobs": [3, 4], "machines": [3, 3]},
    },
    "environment.reference_effort": 10,
    "training.validation_episodes": 2,
    "training.validate_every": 1,
}


@pytest.mark.slow
def test_each_stage_begins_with_the_policy_of_the_one_before(tmp_path):
    out = tmp_path / "run"
    run = rlsys.train("jobshop", preset="toy", set=TINY, out=out, progress=False)
    units = out / "policies"
    stages = ["two-machines", "three-machines", "toy"]
    assert {unit.name for unit in units.iterdir()} == set(stages)
    for before, after in itertools.pairwise(stages):
        began = (units / after / "seed-0" / "start.npz").read_bytes()
        assert began == (units / before / "seed-0" / "network.npz").read_bytes()
    summary = json.loads((units / "toy" / "seed-0" / "training.json").read_text())
    assert "before" in summary
    assert run.policy("toy").network.parameters() == run.policy("two-machines").network.parameters()


def test_stages_need_a_shop_to_lead_to():
    classic = ("--set", "random=null", "--set", "instances=ft06")
    line = refused("run", "jobshop", "--preset", "curriculum", *classic)
    assert "stages lead to `random`" in line
