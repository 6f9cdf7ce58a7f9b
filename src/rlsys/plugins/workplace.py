"""What every step of the work needs at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rlsys.plugins.manager import PluginManager
from rlsys.plugins.registry import Registry


@dataclass(frozen=True)
class Workplace:
    """The plugins at hand, and who hears how the work goes on."""

    manager: PluginManager
    registry: Registry
    progress: Callable[[str], None] = lambda _: None
