"""What commands and the steps of a run share: the plugins, and where progress is reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property

from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry


class Reporter:
    """Where progress is reported; this one keeps silent."""

    def say(self, text: str) -> None:
        """Report what is being done, in one line."""

    @contextmanager
    def following(self, several: bool) -> Iterator[object | None]:  # noqa: ARG002 - for others
        """Yield what receives the metrics of a training meanwhile (see `rlsys.hookspecs`), if any.

        Args:
            several: whether there are several trainings, which need names.
        """
        yield None


class Workplace:
    """The plugins, loaded when first needed, and where progress is reported.

    Args:
        options: which plugins to load; by default from the environment variables.
        taken: names of commands that no plugin may use.
        reporter: receives progress.
    """

    def __init__(
        self,
        options: PluginOptions | None = None,
        *,
        taken: Iterable[str] = (),
        reporter: Reporter | None = None,
    ) -> None:
        self.options = options or PluginOptions.from_environment()
        self.reporter = reporter or Reporter()
        self._taken = tuple(taken)

    @cached_property
    def manager(self) -> PluginManager:
        """All plugins that the user did not leave out."""
        return PluginManager(self.options)

    @cached_property
    def registry(self) -> Registry:
        """What the plugins provide."""
        return Registry(self.manager, self._taken)

    def progress(self, text: str) -> None:
        """Report what is being done, in one line."""
        self.reporter.say(text)
