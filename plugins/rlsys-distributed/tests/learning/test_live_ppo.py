"""An update of PPO sees what a program did: the same probabilities, bootstraps and masks."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.adapters.spaces_only import SpacesOnly
from rlsys.rollout import EpisodeMeter
from rlsys.training import Problem, Session, Spaces
from rlsys_distributed.client.actor import actor_of
from rlsys_distributed.client.trajectory import Action, Trajectory
from rlsys_distributed.client.trajectory import Piece as Sent
from rlsys_distributed.learning.environment import gymnasium_space
from rlsys_distributed.learning.pieces import piece_of
from rlsys_distributed.learning.ppo import LivePpoRun, ppo_agent
from rlsys_distributed.learning.settings import LivePpoSettings
from rlsys_distributed.v1 import learner_pb2 as lb
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.model import Version
from rlsys_distributed.wire.spaces import Box, Discrete, MultiDiscrete

FLAT, ITEMS = Box((3,)), Box((4, 3))


class Front:
    """Keeps what a run publishes."""

    last_version = 0

    def __init__(self) -> None:
        self.versions: list[Version] = []

    def publish(self, version: Version) -> None:
        self.versions.append(version)


def run_of(tmp_path, observation, action, *, masked=False, items=False, **settings):
    """Return a run that has published its first version."""
    told = LivePpoSettings(
        n_steps=64, batch_size=32, net_arch=(8,), encoder=(8,), scorer=(8,), **settings
    )
    spaces = Spaces(
        gymnasium_space(observation), gymnasium_space(action), items=items, masked=masked
    )
    make = partial(SpacesOnly, "live", spaces)
    session = Session(tmp_path, 0, Problem(make, spaces=spaces))
    run = LivePpoRun(
        ppo_agent(told, masked=masked),
        Sb3VecEnv(make(1), EpisodeMeter(1, ())),
        session,
        lambda _: front,
    )
    front = run.front = Front()
    run._publish()
    return run


def play(run, observation, action, count, *, masked=False, seed=0, ending=pb.TERMINATED):
    """Let a program act with the newest version; return its pieces as the learner gets them."""
    drawn = np.random.default_rng(seed)
    actor = actor_of(
        run.front.versions[-1], b"", observation, action, random.Random(seed), explore=True
    )
    pieces = []
    for number in range(count):
        trajectory, actions = Trajectory(number), []
        for _ in range(10):
            seen = drawn.normal(size=observation.shape).astype(np.float32)
            if observation.dtype == "uint8":
                seen = drawn.integers(0, 256, size=observation.shape).astype(np.float32)
            elif len(observation.shape) == 2:
                seen[:, 0] = 1.0
            row = np.append(seen.ravel(), np.float32(1))
            mask = None
            if masked:
                mask = drawn.random(action.outputs) < 0.6
                mask[drawn.integers(action.outputs)] = True
            act, raw, log_probability = actor.choose(actor.forward(row), mask)
            actions.append(Action(act, raw, log_probability, actor, row, mask))
            actions[-1].update_reward(float(drawn.normal()))
        after = None
        if ending != pb.TERMINATED:
            after = np.append(drawn.normal(size=observation.size), 1).astype(np.float32)
        last_mask = None if after is None else mask
        sent = Sent(trajectory, actions, ending, after, last_mask)
        told = pb.Trajectory.FromString(sent.message(number + 1, observation, action))
        record = lb.JournalRecord(number=number + 1, client_id="p", trajectory=told)
        pieces.append(piece_of(lb.JournalRecord.FromString(record.SerializeToString())))
    return pieces


KINDS = {
    "discrete": (FLAT, Discrete(3), {}),
    "discrete from 5": (FLAT, Discrete(3, start=5), {}),
    "several": (FLAT, MultiDiscrete((3, 2)), {}),
    "box with bounds": (FLAT, Box((2,), (0.0, -5.0), (100.0, 0.5)), {}),
    "box without scaling": (FLAT, Box((2,), (0.0, -5.0), (100.0, 0.5)), {"scale_actions": False}),
    "box without bounds": (FLAT, Box((2,)), {}),
    "normalised": (FLAT, Discrete(3), {"normalize_observations": True}),
    "pixels": (Box((2, 2), (0.0,), (255.0,), "uint8"), Discrete(3), {}),
    "masked": (FLAT, Discrete(3), {"masked": True}),
    "items": (ITEMS, Discrete(4), {"items": True}),
    "masked items": (ITEMS, Discrete(6), {"items": True, "masked": True}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_learner_gives_every_action_the_probability_that_the_program_gave_it(tmp_path, kind):
    observation, action, options = KINDS[kind]
    run = run_of(tmp_path, observation, action, **options)
    masked = options.get("masked", False)
    pieces = play(run, observation, action, 8, masked=masked)
    assert run.update(pieces)
    assert run.learned == 80
    assert run.metrics["lag_max"] == 0
    # All weights are 1, and Kish's share of them is 1 to the square of what they differ by.
    assert run.metrics["effective_sample_size"] == pytest.approx(1.0, abs=1e-6)


def test_a_second_version_is_another_one(tmp_path):
    run = run_of(tmp_path, FLAT, Discrete(3), learning_rate=0.05)
    old = play(run, FLAT, Discrete(3), 8)
    assert run.update(old)
    run._publish()
    assert [version.number for version in run.front.versions] == [1, 2]
    assert run.front.versions[0].data != run.front.versions[1].data
    late = play(run, FLAT, Discrete(3), 8, seed=1)
    mixed = [*old[:4], *late[:4]]
    assert run.update(mixed)
    assert run.metrics["lag"] == pytest.approx(0.5)
    assert 0.1 < run.metrics["effective_sample_size"] < 0.999


def test_steps_that_are_too_old_are_left_out_and_counted(tmp_path):
    run = run_of(tmp_path, FLAT, Discrete(3), max_lag=1)
    pieces = play(run, FLAT, Discrete(3), 8)
    run.version = 3  # two newer ones have been sent out meanwhile
    assert not run.update(pieces)
    assert (run.learned, run.stale) == (0, 80)


def test_only_what_terminated_has_no_future(tmp_path):
    run = run_of(tmp_path, FLAT, Discrete(3), gamma=0.9)
    for ending in (pb.TERMINATED, pb.TRUNCATED, pb.CUT):
        pieces = play(run, FLAT, Discrete(3), 2, ending=ending)
        values = run._last_values(pieces)
        if ending == pb.TERMINATED:
            assert values == [0.0, 0.0]
            continue
        import torch

        seen = torch.as_tensor(np.stack([piece.next_observation for piece in pieces]))
        with torch.no_grad():
            wanted = run.model.policy.predict_values(seen).numpy().ravel()
        assert values == pytest.approx(wanted.tolist())


def test_a_piece_by_piece_episode_earns_the_sum_of_its_pieces(tmp_path):
    from rlsys_distributed.learning.episodes import EpisodeReturns

    run = run_of(tmp_path, FLAT, Discrete(3))
    first, second = play(run, FLAT, Discrete(3), 2)
    cut = first.__class__(**{**vars(first), "over": False})
    rest = second.__class__(**{**vars(second), "episode": cut.episode, "first_step": len(cut)})
    meter = EpisodeReturns()
    meter.add(cut)
    assert meter.mean is None
    meter.add(rest)
    assert meter.mean == pytest.approx(first.rewards.sum() + second.rewards.sum())
    assert meter.flush()["length"] == 20
    # One whose beginning was dropped is not counted.
    meter.add(rest)
    assert meter.count == 1


def test_ppo_learns_what_earns_more(tmp_path):
    """Action 2 earns 1 and the others nothing: after a few updates it is the usual one."""
    run = run_of(tmp_path, FLAT, Discrete(3), learning_rate=0.02)
    for seed in range(12):
        pieces = []
        for piece in play(run, FLAT, Discrete(3), 8, seed=seed):
            earned = (piece.actions == 2).astype(np.float64)
            pieces.append(piece.__class__(**{**vars(piece), "rewards": earned}))
        run.update(pieces)
        run._publish()
    done = np.concatenate([p.actions for p in play(run, FLAT, Discrete(3), 8, seed=99)])
    assert (done == 2).mean() > 0.8
