"""The agent as a program uses it, against a server whose learner is the test."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading

import gymnasium
import numpy as np
import pytest
from front_server import WAIT, RawClient, eventually, policy

from rlsys.errors import UserError
from rlsys_distributed.client import Agent
from rlsys_distributed.client.trajectory import most_steps
from rlsys_distributed.learning.pieces import piece_of
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.model import epsilon_greedy
from rlsys_distributed.wire.spaces import Box, Discrete
from rlsys_distributed.wire.tensors import from_tensor

SPACES = {
    "observation_space": {"box": {"shape": [4]}},
    "action_space": {"discrete": {"n": 2}},
}


@pytest.fixture
def connect():
    """Return a function that makes an agent; it is closed at the end."""
    agents: list[Agent] = []

    def make(server, **config):
        given = {"client_id": "p", "train_server_address": server.address, "seed": 1, **SPACES}
        agents.append(Agent({**given, **config}))
        return agents[-1]

    yield make
    for agent in agents:
        agent.close(0.0)


def registered(server, name="p"):
    """Wait until a model is there."""
    assert eventually(lambda: name in server.server.registry.models)
    return server.learner(name)


def episode(agent, steps, *, seed=0, truncated=False):
    """Play one episode of random observations; return them and the actions."""
    drawn = np.random.default_rng(seed)
    seen, done, trajectory = [], [], None
    for step in range(steps):
        observation = drawn.normal(size=4).astype(np.float32)
        trajectory, action = agent.request_for_action(trajectory, observation)
        agent.add_to_trajectory(trajectory, action)
        action.update_reward(step + 0.5)
        seen.append(observation)
        done.append(action)
    if truncated:
        agent.mark_end_of_trajectory(
            trajectory, done[-1], truncated=True, last_observation=np.ones(4)
        )
    else:
        agent.mark_end_of_trajectory(trajectory, done[-1])
    return np.stack(seen), done


def test_what_a_program_did_comes_to_the_learner(serve, connect):
    server = serve()
    agent = connect(server)
    network = registered(server).publish(1)
    seen, actions = episode(agent, 5)
    assert agent.flush()
    (record,) = server.learner("p").records(1)
    told = record.trajectory
    assert from_tensor(told.observations, "o").tolist() == seen.tolist()
    assert from_tensor(told.actions, "a").tolist() == [a.act for a in actions]
    assert from_tensor(told.rewards, "r").tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert told.ending == pb.TERMINATED
    assert not told.HasField("next_observation")
    assert [(run.version, run.steps) for run in told.versions] == [(1, 5)]
    logits = network.logits(seen).astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = np.log([share[a.act] for share, a in zip(shares, actions, strict=True)])
    assert from_tensor(told.log_probabilities, "l") == pytest.approx(wanted, abs=1e-5)


def test_with_epsilon_greedy_no_log_probabilities_are_sent_and_none_are_needed(serve, connect):
    server = serve()
    agent = connect(server, algorithm_name="DQN")
    registered(server).publish(1, exploration=epsilon_greedy(0.5))
    seen, actions = episode(agent, 5)
    assert agent.flush()
    (record,) = server.learner("p").records(1)
    assert not record.trajectory.HasField("log_probabilities")
    piece = piece_of(record)
    assert piece.log_probabilities is None
    assert piece.observations.tolist() == seen.tolist()
    assert piece.actions.tolist() == [a.act for a in actions]


def test_a_truncated_episode_says_what_came_after_it(serve, connect):
    server = serve()
    agent = connect(server)
    registered(server).publish(1)
    episode(agent, 3, truncated=True)
    assert agent.flush()
    (record,) = server.learner("p").records(1)
    assert record.trajectory.ending == pb.TRUNCATED
    assert from_tensor(record.trajectory.next_observation, "n").tolist() == [1, 1, 1, 1]


def test_a_long_episode_is_cut_into_pieces_that_follow_one_another(serve, connect):
    server = serve()
    agent = connect(server, max_traj_length=4)
    registered(server).publish(1)
    seen, _ = episode(agent, 10)
    assert agent.flush()
    pieces = [record.trajectory for record in server.learner("p").records(3)]
    assert [(p.first_step, p.ending, p.episode) for p in pieces] == [
        (0, pb.CUT, 0), (4, pb.CUT, 0), (8, pb.TERMINATED, 0),
    ]  # fmt: skip
    assert from_tensor(pieces[0].next_observation, "n").tolist() == seen[4].tolist()
    assert from_tensor(pieces[1].next_observation, "n").tolist() == seen[8].tolist()
    told = np.concatenate([from_tensor(p.observations, "o") for p in pieces])
    assert told.tolist() == seen.tolist()


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"action_space": {"multi_discrete": {"n": [3, 2, 4]}}},
        {"action_space": {"box": {"shape": [5], "low": -1, "high": 1}}},
        {"masked": True},
    ],
)
@pytest.mark.parametrize("limits", [{"trajectory_steps": 6}, {"trajectory_bytes": 1024}])
def test_trajectories_are_cut_where_the_server_says(serve, connect, limits, config):
    server = serve(limits=limits)
    agent = connect(server, first_model_timeout=0, **config)
    registered(server)
    assert eventually(lambda: agent.statistics.connections)
    mask = np.ones(2, bool) if config.get("masked") else None
    seen = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    trajectory = None
    for one in seen:
        trajectory, action = agent.request_for_action(trajectory, one, mask)
        agent.add_to_trajectory(trajectory, action)
    agent.mark_end_of_trajectory(trajectory, action)
    assert agent.flush()
    assert agent.statistics.refused == {}
    pieces = [r.trajectory for r in server.learner("p").records(agent.statistics.sent)]
    assert len(pieces) > 1
    told = np.concatenate([from_tensor(p.observations, "o") for p in pieces])
    assert told.tolist() == seen.tolist()


def test_as_many_steps_as_the_limit_has_room_for_are_sent_at_once():
    spaces = (Box((4,)), Discrete(2))
    for most in (700, 1024, 5000, 64 << 20):
        steps = most_steps(most, *spaces, masked=True)
        # A step has 4 float32, an int64, a float64, a float32 and 2 bytes of mask.
        assert steps == 1 or steps * 38 <= most
        assert steps * (38 + 30) + 1000 > most


def test_a_reward_that_comes_too_late_is_refused(serve, connect):
    server = serve()
    agent = connect(server, max_traj_length=2)
    registered(server).publish(1)
    trajectory, first = agent.request_for_action(None, np.zeros(4))
    agent.add_to_trajectory(trajectory, first)
    first.update_reward(1.0)
    trajectory, second = agent.request_for_action(trajectory, np.zeros(4))
    agent.add_to_trajectory(trajectory, second)
    trajectory, third = agent.request_for_action(trajectory, np.zeros(4))
    with pytest.raises(ValueError, match=r"the reward 2.0 comes too late: its step has been sent"):
        second.update_reward(2.0)
    agent.add_to_trajectory(trajectory, third)
    third.update_reward(3.0)
    agent.mark_end_of_trajectory(trajectory, third)
    with pytest.raises(ValueError, match="too late"):
        third.update_reward(4.0)
    assert agent.flush()
    rewards = [
        from_tensor(r.trajectory.rewards, "r").tolist() for r in server.learner("p").records(2)
    ]
    assert rewards == [[1.0, 0.0], [3.0]]


def test_trajectories_wait_until_there_are_as_many_as_are_sent_together(serve, connect):
    server = serve()
    agent = connect(server, send_frequency=3)
    registered(server).publish(1)
    for seed in range(2):
        episode(agent, 2, seed=seed)
    assert agent.statistics.sent == 0
    episode(agent, 2, seed=2)
    assert agent.flush()
    assert agent.statistics.acknowledged == 3


def test_a_new_version_decides_as_soon_as_it_is_there(serve, connect):
    server = serve()
    agent = connect(server, explore=False)
    learner = registered(server)
    seen = np.random.default_rng(3).normal(size=(20, 4)).astype(np.float32)
    for number in range(1, 6):
        network = learner.publish(number)
        assert eventually(lambda n=number: agent.version == n)
        done = [agent.request_for_action(None, one)[1].act for one in seen]
        assert done == network.act(seen).tolist()


@pytest.mark.parametrize("encoding", ["float16", "int8"])
def test_rounded_updates_lead_near_the_model(serve, connect, encoding):
    server = serve()
    agent = connect(server, explore=False, encoding=encoding)
    learner = registered(server)
    for number in range(1, 9):
        # From version 4 on the same model: what rounding has left behind comes with the next ones.
        network = learner.publish(number, policy(min(number, 4)))
        assert eventually(lambda n=number: agent.version == n)
    seen = np.random.default_rng(3).normal(size=(50, 4)).astype(np.float32)
    done = [agent.request_for_action(None, one)[1].act for one in seen]
    assert done == network.act(seen).tolist()


def test_before_the_first_model_actions_are_drawn_and_have_version_0(serve, connect, caplog):
    server = serve()
    with caplog.at_level(logging.WARNING, "rlsys.distributed"):
        agent = connect(server, first_model_timeout=0)
        done = [agent.request_for_action(None, np.zeros(4))[1] for _ in range(100)]
    assert {action.act for action in done} == {0, 1}
    assert {action.version for action in done} == {0}
    assert "no model yet" in caplog.text
    registered(server).publish(1)
    assert eventually(lambda: agent.version == 1)


def test_without_a_server_the_program_goes_on(connect, caplog):
    class Nowhere:
        address = "localhost:9"

    with caplog.at_level(logging.WARNING, "rlsys.distributed"):
        agent = connect(Nowhere, first_model_timeout=0, buffer_trajectories=5)
        for seed in range(20):
            episode(agent, 2, seed=seed)
    assert agent.statistics.dropped == 15
    assert not agent.flush(0.1)
    assert "trying again" in caplog.text


def test_the_program_goes_on_while_its_server_is_killed_and_comes_back(serve, connect):
    first = serve()
    agent = connect(first)
    network = registered(first).publish(1)
    episode(agent, 3)
    assert agent.flush()
    port = int(first.address.rpartition(":")[2])
    first.kill()
    for seed in range(1, 6):
        episode(agent, 3, seed=seed)
    assert agent.version == 1
    second = serve(port=port)
    learner = second.learner("p")
    learner.attach()
    learner.publish(2, network)
    assert agent.flush(WAIT)
    assert [r.trajectory.sequence for r in learner.records(6)] == [1, 2, 3, 4, 5, 6]
    assert eventually(lambda: agent.version == 2)
    assert agent.statistics.connections == 2


def test_a_wrong_token_is_said_once_and_the_program_goes_on(serve, connect, tmp_path, caplog):
    (tmp_path / "token").write_text("right")
    server = serve(token_file=tmp_path / "token")
    with caplog.at_level(logging.WARNING, "rlsys.distributed"):
        agent = connect(server, token="wrong", first_model_timeout=60)
        _, done = episode(agent, 3)
    assert {action.act for action in done} <= {0, 1}
    (said,) = (r.getMessage() for r in caplog.records if r.levelno == logging.ERROR)
    assert "the token is missing or wrong" in said
    assert "the program goes on" in said
    counts = agent.statistics
    assert (counts.sent, counts.acknowledged, counts.dropped) == (0, 0, 1)
    assert "the token is missing or wrong" in counts.problem
    good = connect(server, client_id="q", token_file=tmp_path / "token")
    registered(server, "q").publish(1)
    assert eventually(lambda: good.version == 1)


def test_observations_that_cannot_be_are_refused_and_the_agent_goes_on(serve, connect):
    agent = connect(serve(), first_model_timeout=0)
    for value in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match="NaN or infinity"):
            agent.request_for_action(None, [0, value, 0, 0])
    with pytest.raises(ValueError, match=r"has the shape \(3,\), not \(4,\)"):
        agent.request_for_action(None, np.zeros(3))
    with pytest.raises(ValueError, match=r"has the shape \(\), not \(4,\)"):
        agent.request_for_action(None, 1.0)
    trajectory, action = agent.request_for_action(None, np.zeros(4))
    for value in (np.nan, np.inf):
        with pytest.raises(ValueError, match="must be a finite number"):
            action.update_reward(value)
    with pytest.raises(ValueError, match="needs last_observation"):
        agent.mark_end_of_trajectory(trajectory, action, truncated=True)
    with pytest.raises(ValueError, match="does not say `masked: true`"):
        agent.request_for_action(None, np.zeros(4), [True, True])


def test_a_program_may_change_its_array_after_asking(serve, connect):
    server = serve()
    agent = connect(server)
    registered(server).publish(1)
    observation = np.zeros(4, np.float32)
    trajectory = None
    for step in range(3):
        observation[:] = step
        trajectory, action = agent.request_for_action(trajectory, observation)
        agent.add_to_trajectory(trajectory, action)
    observation[:] = 99
    agent.mark_end_of_trajectory(trajectory, action)
    assert agent.flush()
    (record,) = server.learner("p").records(1)
    assert from_tensor(record.trajectory.observations, "o")[:, 0].tolist() == [0, 1, 2]


def test_discrete_actions_that_do_not_begin_at_0(serve, connect):
    server = serve()
    agent = connect(server, action_space={"discrete": {"n": 2, "start": 5}})
    registered(server).publish(1)
    _, actions = episode(agent, 20)
    assert {action.act for action in actions} == {5, 6}
    assert agent.flush()
    (record,) = server.learner("p").records(1)
    assert set(from_tensor(record.trajectory.actions, "a").tolist()) == {5, 6}


def test_masks_hold_and_are_sent(serve, connect):
    server = serve()
    agent = connect(server, masked=True)
    registered(server).publish(1)
    trajectory, actions = None, []
    for step in range(6):
        mask = [step % 2 == 0, step % 2 == 1]
        trajectory, action = agent.request_for_action(trajectory, np.zeros(4), mask)
        agent.add_to_trajectory(trajectory, action)
        actions.append(action)
    agent.mark_end_of_trajectory(
        trajectory, action, truncated=True, last_observation=np.zeros(4), last_mask=[True, True]
    )
    assert [a.act for a in actions] == [0, 1, 0, 1, 0, 1]
    assert agent.flush()
    (record,) = server.learner("p").records(1)
    assert from_tensor(record.trajectory.masks, "m").tolist() == [[True, False], [False, True]] * 3
    for mask, says in (
        (None, "give a mask"),
        ([False, False], "allows no action"),
        ([True], "shape"),
    ):
        with pytest.raises(ValueError, match=says):
            agent.request_for_action(None, np.zeros(4), mask)


def test_a_forked_child_acts_and_sends_nothing_and_the_parent_goes_on(serve, connect):
    server = serve()
    agent = connect(server)
    registered(server).publish(1)
    episode(agent, 2)
    assert agent.flush()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _, action = agent.request_for_action(None, np.zeros(4))
            agent.mark_end_of_trajectory(*agent.request_for_action(None, np.zeros(4)))
            agent.close()
            os.write(write, f"{action.version} {agent.flush(0.0)}".encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        assert said.read() == "1 False"
    os.waitpid(child, 0)
    episode(agent, 2, seed=1)
    assert agent.flush()
    assert server.status("p").steps_received == 4


def test_several_threads_may_ask_one_agent(serve, connect):
    server = serve()
    agent = connect(server)
    registered(server).publish(1)
    threads = [
        threading.Thread(target=lambda n=n: [episode(agent, 5, seed=n) for _ in range(10)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert agent.flush()
    told = [record.trajectory for record in server.learner("p").records(40)]
    assert sorted(t.episode for t in told) == list(range(40))
    assert all(len(from_tensor(t.rewards, "r")) == 5 for t in told)


def test_gymnasium_spaces_can_be_given(serve):
    server = serve()
    env = gymnasium.make("CartPole-v1")
    with Agent(
        {"client_id": "p", "train_server_address": server.address, "first_model_timeout": 0},
        observation_space=env.observation_space,
        action_space=env.action_space,
    ) as agent:
        registered(server)
        _, action = agent.request_for_action(None, env.reset(seed=0)[0])
        assert env.action_space.contains(action.act)


def test_closing_twice_and_without_a_server_ends(connect):
    class Nowhere:
        address = "localhost:9"

    agent = connect(Nowhere, first_model_timeout=0)
    agent.close(0.0)
    agent.close(0.0)
    assert agent.request_for_action(None, np.zeros(4))[1].act in (0, 1)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"client_id": "a/b", **SPACES}, "client_id"),
        ({"client_id": "a"}, "observation_space is missing; give it, or algorithm_parameters.inp"),
        ({"client_id": "a", "clientid": "b", **SPACES}, "clientid: unknown key"),
        ({"client_id": "a", "train_server_address": "here", **SPACES}, "must be HOST:PORT"),
        ({"client_id": "a", "algorithm_name": "SAC", **SPACES}, "must be PPO or DQN"),
        ({"client_id": "a", "algorithm_name": "DQN", "type": "onpolicy", **SPACES}, "dqn is offp"),
        ({"client_id": "a", "max_traj_length": 0, **SPACES}, "max_traj_length"),
        (
            {"client_id": "a", **SPACES, "algorithm_parameters": {"input_size": 5}},
            "input_size is 5, but observation_space has 4 values",
        ),
    ],
)
def test_a_wrong_configuration_is_said_in_one_line(config, says):
    with pytest.raises(UserError) as caught:
        Agent(config)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rl4sys_client_files_work_and_what_means_nothing_is_named(tmp_path, serve, caplog):
    """The keys of its Lunar Lander example."""
    server = serve()
    path = tmp_path / "luna.json"
    parameters = {
        "batch_size": 512, "act_dim": 4, "seed": 0, "traj_per_epoch": 256, "clip_ratio": 0.2,
        "gamma": 0.98, "lam": 0.95, "pi_lr": 3e-4, "vf_lr": 1e-3, "train_pi_iters": 80,
        "train_v_iters": 80, "target_kl": None, "input_size": 8,
    }  # fmt: skip
    config = {
        "client_id": "luna-landing", "algorithm_name": "PPO", "algorithm_parameters": parameters,
        "act_limit": 1.0, "max_traj_length": 1000, "type": "onpolicy",
        "train_server_address": server.address, "send_frequency": 10,
    }  # fmt: skip
    path.write_text(json.dumps(config, indent=4))
    with caplog.at_level(logging.WARNING, "rlsys.distributed"), Agent(path) as agent:
        registered(server, "luna-landing")
    model = server.server.registry.models["luna-landing"]
    assert (model.spec.observation.shape, model.spec.action.n) == ((8,), 4)
    told = model.spec.settings
    assert (told["gamma"], told["n_epochs"], told["clip_range"]) == (0.98, 80, 0.2)
    for name in ("act_limit", "vf_lr", "train_v_iters", "traj_per_epoch"):
        assert f"{name} has no meaning here" in caplog.text
    assert agent.config.send_frequency == 10


def test_a_program_that_is_killed_frees_its_place_and_what_it_had_sent_counts(serve):
    server = serve()
    program = """
import sys
from rlsys_distributed.client import Agent
agent = Agent({"client_id": "p", "train_server_address": sys.argv[1], "first_model_timeout": 60,
               "algorithm_parameters": {"input_size": 4, "act_dim": 2}})
trajectory = None
for step in range(10**9):
    trajectory, action = agent.request_for_action(trajectory, [0, 0, 0, step])
    agent.add_to_trajectory(trajectory, action)
    if step == 4:
        agent.mark_end_of_trajectory(trajectory, action)
        agent.flush()
    if step == 7:  # in the middle of an episode
        print("there", flush=True)
        sys.stdin.read()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", program, server.address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    registered(server).publish(1)
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    assert server.status("p").clients[0].connected
    child.kill()
    child.wait()
    assert eventually(lambda: not server.status("p").clients[0].connected)
    (record,) = server.learner("p").records(1)
    assert record.trajectory.ending == pb.TERMINATED
    other = RawClient(server.address)
    assert other.register(client_id="p", instance=bytes(16)).session


def test_bytes_are_sent_as_they_are_and_nothing_else_passes_for_them(serve, connect):
    server = serve()
    agent = connect(server, observation_space={"box": {"shape": [2, 2], "dtype": "uint8"}})
    registered(server).publish(1)
    seen = [[[0, 255], [1, 128]], np.array([[7.0, 8.0], [9.0, 10.0]]), np.full((2, 2), 3, np.uint8)]
    trajectory = None
    for one in seen:
        trajectory, action = agent.request_for_action(trajectory, one)
        agent.add_to_trajectory(trajectory, action)
    for wrong in (256, -1, 0.5, 1e9, np.nan, np.inf):
        with pytest.raises(ValueError, match="a value that is not a byte"):
            agent.request_for_action(trajectory, [[0, 0], [0, wrong]])
    with pytest.raises(ValueError, match="a value that is not a byte"):
        agent.mark_end_of_trajectory(
            trajectory, action, truncated=True, last_observation=np.full((2, 2), 300)
        )
    agent.mark_end_of_trajectory(trajectory, action)
    assert agent.flush()
    (record,) = server.learner("p").records(1)
    told = from_tensor(record.trajectory.observations, "o")
    assert told.dtype == np.uint8
    assert told.tolist() == [np.asarray(one).tolist() for one in seen]
