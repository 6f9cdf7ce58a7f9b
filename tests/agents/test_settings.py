"""Settings and descriptions of the built-in agents are complete and light."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rlsys.agents import rlsys_agents
from rlsys.agents.settings import SelfLabellingSettings
from rlsys.descriptors import resolve

NAMES = [
    *("ppo", "maskable-ppo", "dqn", "sac", "self-labelling", "imitation"),
    *("sb3-shared", "mappo"),
]


def test_all_are_described():
    assert [spec.name for spec in rlsys_agents()] == NAMES


@pytest.mark.parametrize("spec", rlsys_agents(), ids=NAMES)
def test_every_setting_is_explained_and_has_a_default(spec):
    model = resolve(spec.config)
    assert model.model_fields
    for name, field in model.model_fields.items():
        assert field.description, name
        assert not field.is_required(), name
    model()
    with pytest.raises(ValueError, match="Extra inputs"):
        model(nonsense=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperatures": [1.0, 2.0], "persistence": 0.0},
        {"temperatures": [1.0], "persistence": 0.5},
        {"temperatures": [1.0], "persistence": 0.0, "episodes": 12, "keep": 4, "instances": 8},
    ],
)
def test_a_comparison_needs_pairs_of_episodes_of_the_policy_itself(wrong):
    with pytest.raises(ValueError, match=r"learn_from: comparison .*; set "):
        SelfLabellingSettings(learn_from="comparison", **wrong)


def test_describing_and_configuring_imports_nothing_heavy():
    code = (
        "import sys, rlsys.agents, rlsys.agents.roles.settings; rlsys.agents.rlsys_agents(); "
        "print([m for m in ('torch', 'stable_baselines3', 'gymnasium', 'numpy') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
