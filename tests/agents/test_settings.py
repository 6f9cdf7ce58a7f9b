"""Settings and descriptions of the built-in agents are complete and light."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rlsys.agents import rlsys_agents
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


def test_describing_and_configuring_imports_nothing_heavy():
    code = (
        "import sys, rlsys.agents, rlsys.agents.roles.settings; rlsys.agents.rlsys_agents(); "
        "print([m for m in ('torch', 'stable_baselines3', 'gymnasium', 'numpy') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
