"""The tuner keeps what of the contract can be checked without touching a machine.

Playing it would tune a kernel for seconds a step: those checks are skipped.
"""

from __future__ import annotations

from rlsys.testing import AgentConformance, EnvironmentConformance
from rlsys.testing.plugin import PluginConformance


class TestSysctl(EnvironmentConformance):
    plugin = "rlsys_sysctl_plugin"
    environment = "sysctl"


class OfSysctl(AgentConformance):
    plugin = "rlsys_sysctl_plugin"
    environment = "sysctl"


class TestOptuna(OfSysctl):
    agent = "optuna"


class TestRandom(OfSysctl):
    agent = "random"


class TestGrid(OfSysctl):
    agent = "grid"


class TestSysctlD(PluginConformance):
    """It exports what was found on a machine and nothing else; its own tests play that."""

    plugin = "rlsys_sysctl_plugin"

    def described(self):
        return self.registry().exporters.get("sysctl-d")
