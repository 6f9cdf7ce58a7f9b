"""What a worker sends is what happened in its environment: it is played again from the seeds."""

from __future__ import annotations

import multiprocessing
import threading

import gymnasium
import numpy as np
import pytest
from front_server import WAIT, RunningServer, eventually, policy

from rlsys.adapters.existing import rlsys_environments
from rlsys.adapters.existing.settings import GymnasiumSettings
from rlsys.adapters.making import make_env_of
from rlsys.errors import UserError
from rlsys.rollout import EpisodeMeter
from rlsys.seeds import training_seeds
from rlsys_distributed.client import Agent
from rlsys_distributed.learning.pieces import piece_of
from rlsys_distributed.remote.means import Means
from rlsys_distributed.remote.playing import Other, play
from rlsys_distributed.v1 import trainer_pb2 as pb

COPIES, SEED = 3, 11


class Playing:
    """A worker in a thread, which plays CartPole for a server whose learner is the test."""

    def __init__(self, server: RunningServer, length: int, pieces: int) -> None:
        config = GymnasiumSettings(id="CartPole-v1", max_episode_steps=length)
        self.env = make_env_of(rlsys_environments()[0], config)(COPIES)
        self.agent = Agent(
            {
                "client_id": "p",
                "train_server_address": server.address,
                "first_model_timeout": WAIT,
                "max_traj_length": pieces,
                "seed": 1,
            },
            observation_space=self.env.single_observation_space,
            action_space=self.env.single_action_space,
        )
        self.pipe, self._theirs = multiprocessing.Pipe()
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            other = Other(self._theirs, EpisodeMeter(COPIES, ("length",)))
            play(self.env, self.agent, other, SEED)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def stop(self) -> Means:
        """End it; return the means of what it told."""
        self.pipe.send("stop")
        self.join()
        means = Means()
        while self.pipe.poll():
            means.add(self.pipe.recv())
        return means

    def join(self) -> None:
        self._thread.join(WAIT)
        assert not self._thread.is_alive()
        self.agent.close(0.0)


@pytest.mark.parametrize(
    ("length", "pieces", "ending"), [(500, 1000, pb.TERMINATED), (7, 5, pb.TRUNCATED)]
)
def test_records_are_the_episodes_of_the_copies(serve, length, pieces, ending):
    server = serve()
    playing = Playing(server, length, pieces)
    learner = _learner(server)
    learner.publish(1, policy(1))
    episodes: dict[int, list] = {}
    ends = set()
    for record in learner.records(40):
        piece = piece_of(record)
        episodes.setdefault(record.trajectory.episode, []).append(piece)
        ends.add(record.trajectory.ending)
    means = playing.stop().flush()
    assert ends == ({ending} if pieces > length else {pb.CUT, ending})
    # Episodes begin with the first request of a copy, so the first ones are those of the seeds.
    for copy, seed in enumerate(training_seeds(SEED, COPIES)):
        env = gymnasium.make("CartPole-v1", max_episode_steps=length)
        observation, _ = env.reset(seed=seed)
        steps = 0
        for piece in episodes[copy]:
            for number in range(len(piece)):
                assert np.array_equal(piece.observations[number], observation)
                observation, reward, terminated, truncated, _ = env.step(int(piece.actions[number]))
                assert reward == piece.rewards[number]
                steps += 1
            if piece.next_observation is not None:
                assert np.array_equal(piece.next_observation, observation)
        assert terminated == (ending == pb.TERMINATED)
        assert truncated == (ending == pb.TRUNCATED)
        assert steps == sum(map(len, episodes[copy]))
    if means:  # told every so often
        assert means["reward"] == pytest.approx(means["length"])


def _learner(server):
    assert eventually(lambda: "p" in server.server.registry.models)
    return server.learner("p")


def test_it_ends_when_the_other_side_says_so_while_the_server_takes_nothing(serve):
    server = serve(backlog={"steps": 1})
    playing = Playing(server, 500, 1000)
    learner = _learner(server)
    learner.publish(1, policy(1))
    learner.records(1)  # it has begun; nothing is reported as taken
    playing.stop()
    assert playing.error is None


def test_a_connection_that_was_given_up_is_an_error(serve):
    server = serve()
    playing = Playing(server, 500, 1000)
    learner = _learner(server)
    learner.publish(1, policy(1))
    learner.records(3)
    playing.agent._link._give_up("the server says no")
    playing.join()
    assert isinstance(playing.error, UserError)
    assert "refuses what is played: the server says no" in str(playing.error)


def test_means_are_weighted_by_episodes():
    means = Means()
    assert means.flush() == {}
    means.add({})
    means.add({"reward": 1.0, "episodes": 3.0})
    means.add({"reward": 5.0, "episodes": 1.0})
    assert means.flush() == {"reward": 2.0, "episodes": 4.0}
    assert means.flush() == {}
