"""A toy with two roles: runners name a signal, and a judge sees in the same step what they said.

Each of `STEPS` steps shows every runner a sign; naming it earns 1 / runners. The judge then sees
how many runners said 1 and earns 1 for naming whether that is the majority, which only what was
decided in this very step can tell.
"""

from __future__ import annotations

import numpy as np
from gymnasium.spaces import Box, Discrete
from pydantic import BaseModel, ConfigDict

from rlsys import hookimpl
from rlsys.batched import BatchedRolesEnv, Outcome
from rlsys.controllers import Controller
from rlsys.descriptors import AgentSpec, ControllerSpec, EnvironmentSpec, MetricSpec
from rlsys.network import Dense, Network, Stack
from rlsys.roles import Role, RolePolicy

STEPS = 4


@hookimpl
def rlsys_environments():
    return [
        EnvironmentSpec(
            name="relay",
            summary="runners name signals, a judge their majority",
            config="relay:RelayConfig",
            vector_env="relay:Relay",
            agent="knows-all",
            metrics=(MetricSpec(name="right", summary="right verdicts", better="higher"),),
            baselines=(ControllerSpec(name="guess", summary="0", factory="relay:Guess"),),
            reference="guess",
        )
    ]


@hookimpl
def rlsys_agents():
    return [
        AgentSpec(
            name="knows-all",
            summary="hands over the right answers",
            config="relay:NoSettings",
            factory="relay:KnowsAll",
            actions=("discrete",),
            roles="several",
        )
    ]


class RelayConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    runners: int = 3


class NoSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Relay(BatchedRolesEnv):
    def __init__(self, config, num_envs):
        roles = (
            Role("runner", config.runners, Box(-1.0, 1.0, (2,)), Discrete(2)),
            Role("judge", 1, Box(0.0, float(config.runners), (1,)), Discrete(2)),
        )
        super().__init__(num_envs, roles)
        self.config = config
        self._tick = np.zeros(num_envs, int)
        self._right = np.zeros(num_envs)
        self._shown = np.zeros((num_envs, config.runners, 2))

    def begin(self, copies):
        self._tick[copies] = self._right[copies] = 0
        self._draw(copies)

    def advance(self, actions):
        if self.acting == "runner":
            self._said = actions
            return None
        majority = 2 * self._said.sum(axis=1) > self.config.runners
        right = actions[:, 0] == majority
        named = self._said == (self._shown[..., 0] > 0)
        self._right += right
        self._tick += 1
        ended = self._tick >= STEPS
        self._draw(np.flatnonzero(~ended))
        return Outcome(right + named.mean(axis=1), terminated=ended)

    def observations(self):
        if self.acting == "judge":
            return self._said.sum(axis=1)[:, None, None]
        return self._shown

    def metrics(self):
        return {"right": self._right}

    def _draw(self, copies):
        for copy in copies:
            signs = self.generators[copy].choice([-1.0, 1.0], (self.config.runners, 2))
            self._shown[copy] = signs


class Guess:
    """Says 0, whatever its role."""

    def __init__(self, config):
        del config

    def reset(self, env):
        """Nothing to begin."""

    def act(self, env, observations):
        del env
        return np.zeros(observations.shape[:2], int)


assert isinstance(Guess(None), Controller)


def right_answers(runners, noise=0.0):
    """Networks that name the first sign, and whether more than half of them said 1."""
    runner = Dense(np.array([[-1.0, noise], [1.0, 0.0]]), np.zeros(2))
    judge = Dense(np.array([[0.0], [1.0]]), np.array([0.0, -runners / 2]))
    return RolePolicy({"runner": Network(Stack((runner,))), "judge": Network(Stack((judge,)))})


class KnowsAll:
    def __init__(self, settings):
        del settings

    def train(self, problem, session):
        env = problem.make_env(1)
        policy = right_answers(env.config.runners)
        session.report(1, 1, {"reward": 0.0})
        session.boundary(1, 1, lambda: policy, dict)
        return policy
