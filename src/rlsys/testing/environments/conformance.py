"""Checks what agents, evaluation and exports require of an environment."""

from __future__ import annotations

from rlsys.testing.environments.controlled import ControlledChecks
from rlsys.testing.environments.repeated import RepeatedChecks
from rlsys.testing.environments.returned import ReturnedChecks
from rlsys.testing.environments.settings import SettingsChecks


class EnvironmentConformance(SettingsChecks, ReturnedChecks, RepeatedChecks, ControlledChecks):
    """Derive a test class from this and name the environment: it inherits all checks as tests.

    If one error would make several checks fail, only one fails. The others are skipped and name it.

    Attributes:
        plugin: entry module of the plugin, or path of a plugin file.
        environment: name in its description.
        preset: the preset whose settings are tested; None: the default.
        overrides: settings that override the preset, to make the environment small.
        seeds_matter: False if nothing in the environment is random.
        steps: maximum number of steps of a trajectory.
        longest_episode: number of steps within which an episode must end.

    Example::

        class TestValve(EnvironmentConformance):
            plugin = "rlsys_valve.plugin"
            environment = "valve"
            overrides = {"slots": 5}
    """
