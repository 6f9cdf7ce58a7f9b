"""`rlsys sysctl` with all its subcommands."""

from __future__ import annotations

from rlsys_sysctl.commands.restore import group
from rlsys_sysctl.commands.tune import tune

group.add_command(tune)
sysctl = group
