"""The agents of this plugin, as rlsys trains them."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.agents.spaces import check_problem
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.rollout import EpisodeMeter
from rlsys.training import Problem, Session
from rlsys_distributed.learning.dqn import LiveDqnRun, dqn_agent
from rlsys_distributed.learning.front import FrontLink
from rlsys_distributed.learning.ppo import LivePpoRun, ppo_agent
from rlsys_distributed.learning.settings import LiveDqnSettings, LivePpoSettings


class LiveAgent:
    """Learns from running programs.

    Args:
        settings: of PPO or DQN.
    """

    def __init__(self, settings: LivePpoSettings | LiveDqnSettings) -> None:
        self.settings = settings

    def train(self, problem: Problem, session: Session) -> Network:
        """Train until the steps are done or the server stops; return the final network.

        Raises:
            UserError: the agent cannot train on these spaces, or was not started by a server.
            Interrupted: from `Session.boundary`.
        """
        spaces = problem.spaces
        if spaces is None:
            raise UserError(
                "the agents of rlsys-distributed learn from running programs; for an environment "
                "use ppo or dqn"
            )
        # The tensors are small: several threads would only wait for each other.
        torch.set_num_threads(1)
        env = problem.make_env(1)
        run: Any = LivePpoRun
        kinds: tuple[str, ...]
        if isinstance(self.settings, LiveDqnSettings):
            agent, run, kinds = dqn_agent(self.settings), LiveDqnRun, ("discrete",)
        else:
            agent = ppo_agent(self.settings, masked=spaces.masked)
            kinds = (
                ("discrete", "multi-discrete")
                if spaces.masked
                else (
                    "discrete",
                    "multi-discrete",
                    "continuous",
                )
            )
        dqn = isinstance(self.settings, LiveDqnSettings)
        if dqn and spaces.masked:
            raise UserError("distributed-dqn knows no masks; use distributed-ppo")
        check_problem(agent.name, env, kinds, items=not dqn, masks=agent.masks)
        connect = partial(FrontLink, spaces.name)
        network: Network = run(agent, Sb3VecEnv(env, EpisodeMeter(1, ())), session, connect).learn()
        return network


def make_agent(settings: LivePpoSettings | LiveDqnSettings) -> LiveAgent:
    """Return the agent; the factory of both descriptions."""
    return LiveAgent(settings)
