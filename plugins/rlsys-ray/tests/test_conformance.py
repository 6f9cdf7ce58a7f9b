"""Importing the plugin does not import Ray, and what it names exists; other tests do the rest."""

from __future__ import annotations

from rlsys.testing.plugin import PluginConformance


class TestExecutor(PluginConformance):
    plugin = "rlsys_ray.plugin"

    def described(self):
        return self.registry().executors.get("ray")


class TestAgent(PluginConformance):
    plugin = "rlsys_ray.plugin"

    def described(self):
        return self.registry().agents.get("rllib-ppo")
