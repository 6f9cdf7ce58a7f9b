"""The conformance classes accept a plugin that keeps the contract."""

from __future__ import annotations

from pathlib import Path

import dial
import gathered
import pytest

from rlsys.testing import AgentConformance, EnvironmentConformance, ExporterConformance

PLUGIN = Path(dial.__file__)


class TestDial(EnvironmentConformance):
    plugin = PLUGIN
    environment = "dial"


class TestGymnasiumsOwnBatch(EnvironmentConformance):
    plugin = Path(gathered.__file__)
    environment = "gathered"


def test_final_observations_that_change_later_are_found_in_gymnasiums_own_batch(monkeypatch):
    class TestBuffer(EnvironmentConformance):
        plugin = Path(gathered.__file__)
        environment = "gathered"

    wrapped = gathered.one
    monkeypatch.setattr(gathered, "one", lambda: gathered.OwnBuffer(wrapped()))
    with pytest.raises(pytest.fail.Exception, match=r"final_obs'\]\[\d\] of step .* were changed"):
        TestBuffer().test_returned_arrays_are_not_changed_later()


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
