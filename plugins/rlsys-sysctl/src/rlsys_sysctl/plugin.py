"""The hooks under the name that the entry point had before; `rlsys_sysctl_plugin` has them."""

from __future__ import annotations

from rlsys_sysctl_plugin import rlsys_agents, rlsys_commands, rlsys_environments, rlsys_exporters

__all__ = ["rlsys_agents", "rlsys_commands", "rlsys_environments", "rlsys_exporters"]
