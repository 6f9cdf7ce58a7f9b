"""What an environment must do for agents, evaluation and exports to work with it."""

from __future__ import annotations

from rlsys.testing.environments.controlled import ControlledChecks
from rlsys.testing.environments.repeated import RepeatedChecks
from rlsys.testing.environments.returned import ReturnedChecks
from rlsys.testing.environments.settings import SettingsChecks


class EnvironmentConformance(SettingsChecks, ReturnedChecks, RepeatedChecks, ControlledChecks):
    """Inherit it in a test class and name the environment: every check becomes a test of yours.

    Where one fault would make several checks fail, the others are skipped and say which it is.

    Attributes:
        plugin: entry module of the plugin, or path of a plugin file.
        environment: name of its description.
        preset: whose settings are tested; None: the default.
        overrides: settings of the environment laid over them, to make it small.
        seeds_matter: False for one in which nothing is random.
        steps: most steps of a trajectory.
        longest_episode: steps within which an episode must end.

    Example::

        class TestValve(EnvironmentConformance):
            plugin = "rlsys_valve.plugin"
            environment = "valve"
            overrides = {"slots": 5}
    """
