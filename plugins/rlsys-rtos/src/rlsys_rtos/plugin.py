"""The hooks under the name that the entry point had before; `rlsys_rtos_plugin` has them."""

from __future__ import annotations

from rlsys_rtos_plugin import rlsys_commands, rlsys_environments

__all__ = ["rlsys_commands", "rlsys_environments"]
