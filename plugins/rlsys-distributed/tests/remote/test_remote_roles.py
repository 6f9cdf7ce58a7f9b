"""With roles, an agent's steps go to the model of its role, with the reward that all share."""

from __future__ import annotations

import multiprocessing
import threading

import numpy as np
import pytest
from front_server import WAIT, eventually, policy
from gymnasium.spaces import Box, Discrete

from rlsys.batched import BatchedRolesEnv, Outcome
from rlsys.errors import UserError
from rlsys.roles import Role
from rlsys.rollout import EpisodeMeter
from rlsys_distributed.client import Agent
from rlsys_distributed.learning.pieces import piece_of
from rlsys_distributed.remote.parts import parts_of, prefix_of
from rlsys_distributed.remote.playing import Other, play_roles
from rlsys_distributed.remote.settings import RemoteSettings

COPIES, HORIZON = 3, 4
SEEN = Box(-100.0, 100.0, (4,), np.float32)


class Sums(BatchedRolesEnv):
    """Two callers name a number each; a clerk sees their sum. The reward is ten times the sum, plus
    the clerk's action."""

    def __init__(self, num_envs):
        roles = (
            Role("caller", 2, SEEN, Discrete(2)),
            Role("clerk", 1, SEEN, Discrete(2)),
        )
        super().__init__(num_envs, roles)
        self.time = np.zeros(num_envs, np.int64)
        self.sums = np.zeros(num_envs, np.int64)

    def begin(self, copies):
        self.time[copies] = 0

    def advance(self, actions):
        if self.turn == 0:
            self.sums = actions.sum(axis=1)
            return None
        self.time += 1
        over = self.time >= HORIZON
        return Outcome(10.0 * self.sums + actions[:, 0], np.zeros_like(over), over)

    def observations(self):
        agents = self.roles[self.turn].agents
        seen = np.zeros((self.num_envs, agents, 4), np.float32)
        seen[..., 0] = np.arange(agents)
        seen[..., 1] = self.time[:, None]
        if self.turn == 1:
            seen[..., 2] = self.sums[:, None]
        return seen

    def metrics(self):
        return {}


def test_the_steps_of_every_agent_go_to_its_roles_model(serve):
    server = serve()
    env = Sums(COPIES)
    settings = RemoteSettings(server=server.address, max_traj_length=3)
    parts = parts_of(env, settings, prefix_of(env, settings))
    assert [(part.role, part.agents, part.model) for part in parts] == [
        ("caller", 2, "Sums-caller"),
        ("clerk", 1, "Sums-clerk"),
    ]
    agents = {
        part.role: Agent({**part.client, "client_id": f"{part.model}.1", "seed": 1})
        for part in parts
    }
    pipe, theirs = multiprocessing.Pipe()
    other = Other(theirs, EpisodeMeter(COPIES))
    thread = threading.Thread(target=play_roles, args=(env, agents, other, 0), daemon=True)
    models = server.server.registry.models
    assert eventually(lambda: {part.model for part in parts} <= models.keys())
    for part in parts:
        server.learner(part.model).publish(1, policy(1))
    thread.start()
    told = {
        part.role: [piece_of(r) for r in server.learner(part.model).records(24)] for part in parts
    }
    pipe.send("stop")
    thread.join(WAIT)
    for agent in agents.values():
        agent.close(0.0)
    for piece in told["clerk"]:
        assert piece.rewards.tolist() == (10 * piece.observations[:, 2] + piece.actions).tolist()
    for piece in told["caller"]:
        assert (piece.rewards // 10 >= piece.actions).all()
        assert (piece.rewards // 10 <= piece.actions + 1).all()
    for pieces in told.values():
        for piece in pieces:
            assert piece.observations[:, 1].tolist() == [
                piece.first_step + number for number in range(len(piece))
            ]
            assert piece.over == (piece.first_step + len(piece) == HORIZON)
            # A role's own horizon ends an episode: what later roles would see is not known.
            assert (piece.next_observation is None) == piece.over
    assert {piece.observations[0, 0] for piece in told["caller"]} == {0.0, 1.0}


def test_what_cannot_be_learned_with_roles_is_refused():
    env = Sums(1)
    env.roles = (Role("list", 1, Box(0, 1, (3, 2), np.float32), Discrete(3), items=True),)
    with pytest.raises(UserError, match="DQN cannot learn from observations of items"):
        parts_of(env, RemoteSettings(algorithm="dqn"), "x")
    (part,) = parts_of(env, RemoteSettings(), "x")
    assert part.client["items"]
    env.roles = (Role("free", 1, SEEN, Box(-1, 1, (2,), np.float32)),)
    with pytest.raises(UserError, match="needs discrete actions"):
        parts_of(env, RemoteSettings(algorithm="dqn"), "x")


def test_names_of_models_are_names_that_the_server_takes():
    class Odd(Sums):
        called = "my_module:My Env" + "x" * 100  # longer than names may be

    env, nowhere = Odd(1), RemoteSettings(server="localhost:1")
    prefix = prefix_of(env, nowhere)
    for part in parts_of(env, nowhere, f"{prefix}-0123abcd"):
        Agent({**part.client, "client_id": f"{part.model}.256", "first_model_timeout": 0}).close(0)
    assert prefix.startswith("my_module-My-Env")
    assert prefix_of(env, RemoteSettings(model="mine")) == "mine"
