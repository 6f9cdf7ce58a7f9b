"""Existing environments as they are: a single Gymnasium one, or a parallel one of PettingZoo.

This module only describes the built-in environment `gymnasium`: the command line imports it at
every start. `rlsys.adapters.making` is the way in for everything else.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlsys.descriptors import ControllerSpec, EnvironmentSpec, MetricSpec, Requirement
from rlsys.hookspecs import hookimpl

_HERE = "rlsys.adapters.existing"


@hookimpl
def rlsys_environments() -> Sequence[EnvironmentSpec]:
    """Describe the environment that can be any environment."""
    return (
        EnvironmentSpec(
            name="gymnasium",
            summary="any Gymnasium environment, and PettingZoo's parallel ones: --set id=NAME",
            config=f"{_HERE}.settings:GymnasiumSettings",
            env=f"{_HERE}.finding:make",
            cases=f"{_HERE}.settings:cases",
            agent="ppo",
            agent_for=f"{_HERE}.batches:agent_for",
            metrics=(
                MetricSpec(
                    name="length", summary="steps of an episode", better="neither", unit="steps"
                ),
            ),
            baselines=(
                ControllerSpec(
                    name="random",
                    summary="draws every action with equal probability",
                    factory=f"{_HERE}.random_actions:RandomActions",
                ),
            ),
            reference="random",
            requires=(Requirement(name="gymnasium", fix="pip install 'rlsys[gym]'"),),
        ),
    )
