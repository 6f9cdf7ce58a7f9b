"""A toy agent with an option: it gives back a network that always does what the option says."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

from rlsys import hookimpl
from rlsys.descriptors import AgentOption, AgentSpec
from rlsys.network import Dense, Network, Stack


@hookimpl
def rlsys_agents():
    return [
        AgentSpec(
            name="far-away",
            summary="does what it is asked to",
            config="far_away:Settings",
            factory="far_away:FarAway",
            actions=("discrete",),
            options=(
                AgentOption(
                    name="favourite", setting="action", summary="What it does.", metavar="N"
                ),
            ),
        )
    ]


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    action: int = 0


class FarAway:
    def __init__(self, settings):
        self.action = settings.action

    def train(self, problem, session):
        env = problem.make_env(1)
        outputs, inputs = int(env.single_action_space.n), env.single_observation_space.shape[0]
        bias = np.zeros(outputs, np.float32)
        bias[self.action] = 1.0
        network = Network(Stack((Dense(np.zeros((outputs, inputs), np.float32), bias),)))
        session.boundary(1, 1, lambda: network, dict)
        return network
