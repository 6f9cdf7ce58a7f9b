"""The offloading environment keeps the contract, flat and hierarchical, and agents train it."""

from __future__ import annotations

import pytest

from rlsys.testing import AgentConformance, EnvironmentConformance


class TestFlat(EnvironmentConformance):
    plugin = "rlsys_mec_plugin"
    environment = "mec"
    overrides = {"n_users": 3, "slots": 3}  # noqa: RUF012


class TestBacklog(TestFlat):
    preset = "backlog"


class TestHierarchical(EnvironmentConformance):
    plugin = "rlsys_mec_plugin"
    environment = "mec"
    preset = "phase2"
    overrides = {"n_users": 4, "n_clusters": 2, "slots": 2}  # noqa: RUF012


class TestShared(AgentConformance):
    plugin = "rlsys.agents"
    agent = "sb3-shared"
    environment_plugin = "rlsys_mec_plugin"
    environment = "mec"
    preset = "phase2"
    overrides = TestHierarchical.overrides
    settings = {"steps": 96, "num_envs": 8, "n_steps": 4, "net_arch": [8]}  # noqa: RUF012

    @pytest.fixture(autouse=True)
    def _needs_torch(self):
        pytest.importorskip("stable_baselines3", reason="pip install 'rlsys[sb3]'")


class TestMappo(TestShared):
    agent = "mappo"
