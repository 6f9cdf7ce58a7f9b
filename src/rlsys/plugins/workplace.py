"""What every step of a run needs: the plugins, and a function that reports progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rlsys.plugins.manager import PluginManager
from rlsys.plugins.registry import Registry


@dataclass(frozen=True)
class Workplace:
    """The plugins of a run, and a function that reports its progress."""

    manager: PluginManager
    registry: Registry
    progress: Callable[[str], None] = lambda _: None
