"""What rlsys itself provides keeps the contract: agents, exporters, and environments with roles."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import dial
import pytest
import relay

from rlsys.testing import AgentConformance, EnvironmentConformance, ExporterConformance

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("sb3_contrib") is None, reason="pip install 'rlsys[sb3]'"
)
ON_POLICY = {"steps": 96, "num_envs": 4, "n_steps": 8, "batch_size": 16, "n_epochs": 2}
OWN = {"rounds": 3, "net_arch": [8]}


class TestRelay(EnvironmentConformance):
    plugin = Path(relay.__file__)
    environment = "relay"


class OfRlsys(AgentConformance):
    plugin = "rlsys.agents"
    environment_plugin = Path(dial.__file__)
    environment = "dial"


@needs_torch
class TestPpo(OfRlsys):
    agent = "ppo"
    settings = {**ON_POLICY, "normalize_observations": True}  # noqa: RUF012


@needs_torch
class TestMaskablePpo(OfRlsys):
    agent = "maskable-ppo"
    settings = ON_POLICY


@needs_torch
class TestDqn(OfRlsys):
    agent = "dqn"
    settings = {"steps": 120, "num_envs": 4, "learning_starts": 20}  # noqa: RUF012


@needs_torch
class TestSac(OfRlsys):
    agent = "sac"
    environment_plugin = "rlsys.adapters.existing"
    environment = "gymnasium"
    overrides = {"id": "Pendulum-v1", "max_episode_steps": 20}  # noqa: RUF012
    settings = {"steps": 120, "num_envs": 4, "learning_starts": 20, "batch_size": 16}  # noqa: RUF012


@needs_torch
class TestSelfLabelling(OfRlsys):
    agent = "self-labelling"
    settings = OWN


@needs_torch
class TestImitation(OfRlsys):
    agent = "imitation"
    settings = {**OWN, "instances": 4, "rollouts": 2, "updates": 4}  # noqa: RUF012


class TestJson(ExporterConformance):
    plugin = "rlsys.exporters"
    exporter = "json"

    def actions_of(self, directory, network, observations, masks):
        from rlsys.exporters.policy_json import FILE, load_json

        del network
        return load_json(directory / FILE).act(observations, masks)


@pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="pip install 'rlsys[onnx]'"
)
class TestOnnx(ExporterConformance):
    plugin = "rlsys.exporters"
    exporter = "onnx"

    def actions_of(self, directory, network, observations, masks):
        import onnxruntime

        from rlsys.exporters.policy_onnx import FILE

        session = onnxruntime.InferenceSession(directory / FILE)
        feeds = {"observations": observations, **({"masks": masks} if network.masked else {})}
        return session.run(["actions"], feeds)[0]


class OfGymnasium(EnvironmentConformance):
    plugin = "rlsys.adapters.existing"
    environment = "gymnasium"
    steps = 120

    def test_every_preset_is_valid(self):
        """There is no default environment: the one of the test's settings is asked for."""
        with pytest.raises(pytest.fail.Exception, match="id must be given"):
            super().test_every_preset_is_valid()


@needs_torch
class TestMaskedEnvironment(OfGymnasium):
    overrides = {"id": "single_envs:ByInfo"}  # noqa: RUF012


@needs_torch
class TestGears(OfGymnasium):
    overrides = {"id": "single_envs:Gears"}  # noqa: RUF012


@needs_torch
class TestPendulum(OfGymnasium):
    overrides = {"id": "Pendulum-v1", "max_episode_steps": 20}  # noqa: RUF012
