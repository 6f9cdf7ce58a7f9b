"""`rlsys sysctl`: what restores and shows the machine's state, and what tunes it."""

from __future__ import annotations

from rlsys_sysctl.commands.restore import group
from rlsys_sysctl.commands.tune import tune

group.add_command(tune)
sysctl = group
