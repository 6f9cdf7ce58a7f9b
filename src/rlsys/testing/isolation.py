"""Loads the plugins under test, and no others."""

from __future__ import annotations

from pathlib import Path

from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry


def options_for(*plugins: str | Path) -> PluginOptions:
    """Return options that load only these entry modules and files, in strict mode."""
    files = [str(plugin) for plugin in plugins if str(plugin).endswith(".py")]
    modules = dict.fromkeys(str(plugin) for plugin in plugins if str(plugin) not in files)
    return PluginOptions(
        only=(),
        strict=True,
        files=tuple(dict.fromkeys(str(Path(file).resolve()) for file in files)),
        modules=tuple(modules),
    )


def isolated(*plugins: str | Path) -> Registry:
    """Return everything that these plugins and rlsys itself provide.

    Args:
        plugins: entry modules (``"package.module"``) or paths of plugin files.

    Raises:
        PluginError: one cannot be loaded.
    """
    return Registry(PluginManager(options_for(*plugins)))
