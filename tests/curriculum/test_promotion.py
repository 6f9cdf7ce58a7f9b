"""The rule that ends a stage, and a training under it: it ends once, for a reason, and exactly."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys.batched import final_infos
from rlsys.network import Dense, Network, Stack
from rlsys.stages import Promotion
from rlsys.training import NETWORK_FILE, Problem, Promoted, Session, checkpoint_step

TOTAL = 100


def test_without_a_rule_nothing_promotes():
    assert Promotion().reason(1e9, 10**6) is None


@pytest.mark.parametrize(
    ("lower", "value", "said"),
    [
        (False, 4.9, None),
        (False, 5.0, "validation reward 5 reached 5"),
        (False, 7.5, "validation reward 7.5 reached 5"),
        (True, 5.1, None),
        (True, 5.0, "validation reward 5 reached 5"),
        (True, -3.0, "validation reward -3 reached 5"),
        (False, math.nan, None),
        (True, math.nan, None),
        (False, None, None),
    ],
)
def test_a_threshold_is_reached_from_the_better_side(lower, value, said):
    assert Promotion(lower=lower, threshold=5.0).reason(value, 0) == said


def test_patience_counts_validations_without_a_better_network():
    rule = Promotion(patience=3)
    assert [rule.reason(1.0, waited) for waited in range(4)] == [
        None, None, None, "no better network in 3 validations"
    ]  # fmt: skip
    assert rule.reason(None, 3) is None


class Env:
    """One step per episode; its reward is the action, its cost a number for that action."""

    def __init__(self, num_envs, costs):
        self.num_envs, self.costs = num_envs, costs

    def reset(self, **_):
        return np.zeros((self.num_envs, 1)), {}

    def step(self, actions):
        done, seen = np.ones(self.num_envs, bool), np.zeros((self.num_envs, 1))
        infos = final_infos(done, {"cost": np.array([self.costs[a] for a in actions])}, seen)
        return seen, actions.astype(float), done, ~done, infos

    def close(self):
        pass


def network(value):
    return Network(Stack((Dense(np.zeros((10, 1)), np.eye(10)[value]),)))


class Killed(BaseException):
    """Stands for a kill."""


def train(folder, rewards, rule, *, costs=range(10), dies_at=None, every=1, lines=None):
    """Train ten steps an iteration; iteration k plays as the network `rewards[k - 1]`."""
    lines = [] if lines is None else lines
    problem = Problem(lambda num_envs: Env(num_envs, costs), metrics=("cost",))
    session = Session(
        folder, 0, problem, emit=lines.append, validate_every=10 * every, checkpoint_every=30,
        validation_episodes=2, resume=True, promotion=rule,
    )  # fmt: skip
    try:
        saved = session.resumed_state()
        for k in range(saved["k"] + 1 if saved else 1, TOTAL // 10 + 1):
            if k == dies_at:
                raise Killed
            session.report(10 * k, TOTAL, {"reward": float(k)})
            policy = network(rewards[k - 1])
            session.boundary(10 * k, TOTAL, lambda: policy, lambda: {"k": k})  # noqa: B023
    except Promoted:
        assert session.promoted
    return session


def test_the_training_ends_where_the_threshold_is_reached(tmp_path):
    session = train(tmp_path, [1, 3, 2, 6, 9, 9, 9, 9, 9, 9], Promotion(threshold=5.0))
    assert (session.step, session.promoted) == (40, "validation reward 6 reached 5")
    assert session.best_value == session.best_reward == 6.0
    assert checkpoint_step(tmp_path) == 40


def test_the_training_ends_where_patience_does(tmp_path):
    # Better at steps 10, 20 and 50; as good is not better.
    session = train(tmp_path, [1, 3, 2, 3, 4, 4, 0, 4, 9, 9], Promotion(patience=3))
    assert (session.step, session.promoted) == (80, "no better network in 3 validations")
    assert session.best_reward == 4.0


def test_only_validations_promote(tmp_path):
    """What the training itself reports, here the number of the iteration, does not count."""
    session = train(tmp_path, [0] * 10, Promotion(threshold=5.0))
    assert (session.step, session.promoted) == (TOTAL, None)


def test_a_rule_that_holds_only_at_the_last_step_is_still_the_reason(tmp_path):
    session = train(tmp_path, [0] * 9 + [7], Promotion(threshold=5.0))
    assert (session.step, session.promoted) == (TOTAL, "validation reward 7 reached 5")


def test_the_metric_of_the_best_network_counts_not_that_of_the_last(tmp_path):
    """The next stage starts from the best network, which the reward chooses."""
    costs = [9, 1, 9, 8, 7, 3, 2, 9, 9, 9]
    rule = Promotion(metric="cost", lower=True, threshold=3.0)
    lines = []
    session = train(tmp_path, [2, 1, 3, 1, 5, 6, 6, 6, 6, 6], rule, costs=costs, lines=lines)
    assert (session.step, session.promoted) == (50, "validation cost 3 reached 3")
    told = [line["validation_cost"] for line in lines if "validation_cost" in line]
    assert told == [9, 1, 8, 1, 3]


@given(
    rewards=st.lists(st.integers(0, 9), min_size=10, max_size=10),
    threshold=st.none() | st.integers(0, 9),
    patience=st.none() | st.integers(1, 4),
    dies_at=st.integers(1, 10),
    every=st.integers(1, 3),
)
def test_a_killed_stage_ends_where_an_undisturbed_one_does(
    tmp_path_factory, rewards, threshold, patience, dies_at, every
):
    rule = Promotion(threshold=threshold, patience=patience)
    whole, part = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("part")
    wanted = train(whole, rewards, rule, every=every)
    with contextlib.suppress(Killed):
        train(part, rewards, rule, dies_at=dies_at, every=every)
    found = train(part, rewards, rule, every=every)
    again = train(part, rewards, rule, every=every)
    for session in (found, again):
        assert session.promoted == wanted.promoted
        assert session.best_reward == wanted.best_reward
        assert session.step == wanted.step
    best = [Network.load(folder / "best" / NETWORK_FILE) for folder in (whole, part)]
    assert best[0].act(np.zeros((1, 1))) == best[1].act(np.zeros((1, 1)))
