"""No command imports what it does not need: checked by the loaded modules, not by time.

The tests of plugins with their own commands do the same for these.
"""

from __future__ import annotations

import pytest
from loaded import HEAVY, loaded_by_command

from rlsys.cli.built_in import BUILT_IN


@pytest.mark.parametrize("command", [*BUILT_IN, "plugins new"])
def test_the_help_of_a_command_needs_nothing_heavy(command):
    loaded = loaded_by_command(*command.split(), "--help")
    assert "rlsys" in loaded
    assert not loaded & HEAVY
