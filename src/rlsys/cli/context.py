"""What all subcommands share: the plugins, loaded when first needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from rlsys.cli.built_in import BUILT_IN
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry

if TYPE_CHECKING:
    from rlsys.plugins.workplace import Workplace


class App:
    """The object that click passes to every command."""

    def __init__(self, blocked: Iterable[str] = (), files: Iterable[str] = ()) -> None:
        self.options = PluginOptions.from_environment(blocked, files)
        self.given_options: dict[str, str] = {}
        """Executor options that the user gave, with the plugins that they belong to."""

    @cached_property
    def manager(self) -> PluginManager:
        """All plugins that the user did not leave out."""
        return PluginManager(self.options)

    @cached_property
    def registry(self) -> Registry:
        """What the plugins provide."""
        return Registry(self.manager, BUILT_IN)

    def workplace(self, progress: Callable[[str], None]) -> Workplace:
        """Return what the steps of a run need."""
        from rlsys.plugins.workplace import Workplace

        return Workplace(self.manager, self.registry, progress)
