"""DQN keeps what programs did in its ring as a replay buffer would, and learns from it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.adapters.spaces_only import SpacesOnly
from rlsys.rollout import EpisodeMeter
from rlsys.training import Problem, Session, Spaces
from rlsys_distributed.learning.dqn import LiveDqnRun, dqn_agent
from rlsys_distributed.learning.environment import gymnasium_space
from rlsys_distributed.learning.pieces import Piece
from rlsys_distributed.learning.settings import LiveDqnSettings
from rlsys_distributed.wire.spaces import Box, Discrete

THREE = Discrete(3)


def run_of(tmp_path, action=THREE, **settings):
    told = LiveDqnSettings(
        **{"net_arch": (8,), "learning_starts": 10, "batch_size": 16, "buffer_size": 20, **settings}
    )
    spaces = Spaces(gymnasium_space(Box((2,))), gymnasium_space(action))
    make = partial(SpacesOnly, "live", spaces)
    session = Session(tmp_path, 0, Problem(make, spaces=spaces))
    env = Sb3VecEnv(make(1), EpisodeMeter(1, ()))
    return LiveDqnRun(dqn_agent(told), env, session, lambda _: None)


def piece(first, steps, *, terminated=True, start=0, actions=None):
    """Return a piece whose observations count from `first`."""
    numbers = np.arange(first, first + steps, dtype=np.float32)
    return Piece(
        record=1,
        episode=("p", b"", first),
        first_step=0,
        over=True,
        observations=np.stack([numbers, np.zeros(steps, np.float32)], axis=1),
        actions=start + (np.arange(steps) % 3 if actions is None else actions),
        rewards=numbers.astype(np.float64) * 10,
        log_probabilities=np.zeros(steps, np.float32),
        versions=np.ones(steps, np.int64),
        masks=None,
        next_observation=None if terminated else np.array([first + steps, 0], np.float32),
        next_mask=None,
    )


def test_the_ring_has_each_step_with_what_followed_it(tmp_path):
    run = run_of(tmp_path, action=Discrete(3, start=5))
    run.update([piece(0, 4, start=5), piece(100, 3, terminated=False, start=5)])
    ring = run.model.replay_buffer
    assert (ring.pos, ring.full, run.learned) == (7, False, 7)
    assert ring.observations[:7, 0, 0].tolist() == [0, 1, 2, 3, 100, 101, 102]
    assert ring.next_observations[[0, 1, 2, 4, 5, 6], 0, 0].tolist() == [1, 2, 3, 101, 102, 103]
    assert ring.actions[:7, 0, 0].tolist() == [0, 1, 2, 0, 0, 1, 2]
    assert ring.rewards[:7, 0].tolist() == [0, 10, 20, 30, 1000, 1010, 1020]
    assert ring.dones[:7, 0].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert not ring.timeouts.any()


def test_the_oldest_steps_make_room(tmp_path):
    run = run_of(tmp_path)
    for number in range(7):
        run.update([piece(10 * number, 4)])
    ring = run.model.replay_buffer
    assert (ring.pos, ring.full, ring.size()) == (8, True, 20)
    wanted = [10 * n + k for n in range(2, 7) for k in range(4)]
    assert sorted(ring.observations[:, 0, 0].tolist()) == wanted


@pytest.mark.parametrize("steps", [20, 21, 45])
def test_of_a_piece_longer_than_the_ring_the_end_is_kept(tmp_path, steps):
    run = run_of(tmp_path)
    run.update([piece(0, steps)])
    ring = run.model.replay_buffer
    assert ring.full
    assert sorted(ring.observations[:, 0, 0].tolist()) == list(range(steps - 20, steps))
    assert ring.dones.sum() == 1
    assert run.model.num_timesteps == steps


def test_exploration_falls_with_the_steps_and_is_sent_out(tmp_path):
    run = run_of(
        tmp_path, exploration_steps=100, exploration_initial=0.9, exploration_final=0.1,
        publish_every=50,
    )  # fmt: skip
    sent = []
    for number in range(30):
        if run.update([piece(10 * number, 5)]):
            sent.append(run.exploration()[0].epsilon_greedy.epsilon)
    assert sent == pytest.approx([0.5, 0.1, 0.1])


def test_gradient_steps_are_as_many_as_the_steps_pay_for(tmp_path, monkeypatch):
    run = run_of(tmp_path, train_freq=4, gradient_steps=2, learning_starts=10)
    taken = []
    monkeypatch.setattr(run.model, "train", lambda steps, **_: taken.append(steps))
    for number in range(8):
        run.update([piece(10 * number, 5)])
    # 40 steps, of which those after the tenth pay: multiples of 4 from 12 to 40, two steps each.
    assert sum(taken) == 2 * 8


def test_dqn_learns_what_earns_more(tmp_path):
    run = run_of(
        tmp_path, buffer_size=5000, gamma=0.0, learning_rate=0.01, train_freq=1, batch_size=64
    )
    drawn = np.random.default_rng(0)
    for _ in range(60):
        steps = 10
        seen = drawn.uniform(-1, 1, size=(steps, 2)).astype(np.float32)
        actions = drawn.integers(0, 3, size=steps)
        made = piece(0, steps, actions=actions)
        right = np.where(seen[:, 0] > 0, 2, 0)
        told = {"observations": seen, "rewards": (actions == right).astype(np.float64)}
        run.update([Piece(**{**vars(made), **told})])
    tried = np.array([[-0.8, 0], [-0.3, 0.5], [0.3, 0.5], [0.8, 0]], np.float32)
    assert run.network().act(tried).tolist() == [0, 0, 2, 2]
