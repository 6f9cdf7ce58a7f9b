"""The conformance classes accept a plugin that keeps the contract."""

from __future__ import annotations

from pathlib import Path

import dial

from rlsys.testing import AgentConformance, EnvironmentConformance, ExporterConformance

PLUGIN = Path(dial.__file__)


class TestDial(EnvironmentConformance):
    plugin = PLUGIN
    environment = "dial"


class TestClimber(AgentConformance):
    plugin = PLUGIN
    agent = "climber"
    environment = "dial"


class TestText(ExporterConformance):
    plugin = PLUGIN
    exporter = "text"

    def actions_of(self, directory, network, observations, masks):
        del network
        return dial.read(directory).act(observations, masks)
