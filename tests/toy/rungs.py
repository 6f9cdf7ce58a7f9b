"""The bead of `beads` twice, as two stages: for agents that need spaces."""

from __future__ import annotations

from rlsys import hookimpl
from rlsys.descriptors import Case, EnvironmentSpec


@hookimpl
def rlsys_environments():
    return [
        EnvironmentSpec(
            name="rungs", summary="move the bead", config="beads:Config",
            vector_env="beads:make", cases="rungs:cases", agent="ppo",
        )
    ]  # fmt: skip


def cases(config):
    return [Case(name="low", config=config), Case(name="high", config=config, start="low")]
