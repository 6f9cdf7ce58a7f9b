"""A training saves before it validates, stops between two steps, and loses nothing by either."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import rlsys.training
from rlsys.errors import EnvironmentFault, Interrupted
from rlsys.network import Dense, Network, Stack
from rlsys.training import (
    NETWORK_FILE,
    Problem,
    Session,
    checkpoint_step,
    load_state,
    unjudged_step,
)

TOTAL = 40


class Env:
    """One step per episode; its reward is the action, which is the network's bias."""

    reward = staticmethod(lambda action: float(action))

    def __init__(self, num_envs, session):
        self.num_envs, self.session = num_envs, session

    def reset(self, **_):
        return np.zeros((self.num_envs, 1)), {}

    def step(self, actions):
        self.session().between_steps()
        done = np.ones(self.num_envs, bool)
        reward = np.array([self.reward(a) for a in actions])
        return np.zeros((self.num_envs, 1)), reward, done, ~done, {}

    def close(self):
        pass


def network(value):
    """Return a network whose action is `value`: 0 to 9."""
    return Network(Stack((Dense(np.zeros((10, 1)), np.eye(10)[value]),)))


class Training:
    """Ten steps an iteration; iteration k has the network k."""

    def __init__(self, folder, **settings):
        self.lines, self.stop = [], lambda: False
        self.session = None
        problem = Problem(lambda num_envs: Env(num_envs, lambda: self.session))
        self.session = Session(
            folder,
            0,
            problem,
            emit=self.lines.append,
            stop_requested=lambda: self.stop(),
            checkpoint_every=20,
            validation_episodes=2,
            **settings,
        )

    def run(self, total=TOTAL, in_iteration=lambda _: None):
        saved = self.session.resumed_state()
        done = 0 if saved is None else int(saved["k"])
        for k in range(done + 1, total // 10 + 1):
            in_iteration(k)
            self.session.between_steps()
            self.session.report(10 * k, total, {"reward": float(k)})
            self.session.boundary(10 * k, total, lambda k=k: network(k), lambda k=k: {"k": k})
        if done == total // 10:
            self.session.boundary(total, total, lambda: network(done), lambda: {"k": done})
        return self


@pytest.fixture
def rewards(monkeypatch):
    def set_rewards(function):
        monkeypatch.setattr(Env, "reward", staticmethod(function))

    return set_rewards


def best(folder):
    return int(Network.load(folder / "best" / NETWORK_FILE).act(np.zeros((1, 1)))[0])


def kept(lines):
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines if "total" in line]


def test_the_network_is_saved_before_it_is_validated(tmp_path, rewards):
    def fail(_):
        raise EnvironmentFault("it never ends")

    rewards(fail)
    with pytest.raises(EnvironmentFault):
        Training(tmp_path).run()
    assert checkpoint_step(tmp_path) == unjudged_step(tmp_path) == 20
    assert load_state(tmp_path / "last" / "state.npz")["agent"] == {"k": 2}
    assert Network.load(tmp_path / "last" / NETWORK_FILE).act(np.zeros((1, 1)))[0] == 2


def test_a_failed_validation_is_done_when_the_training_is_resumed(tmp_path, rewards):
    whole = Training(tmp_path / "whole").run()
    broken = Training(tmp_path / "broken")
    rewards(lambda _: math.nan)
    with pytest.raises(EnvironmentFault, match="validation episodes is nan"):
        broken.run()
    rewards(float)
    resumed = Training(tmp_path / "broken", resume=True).run()
    assert kept(broken.lines) + kept(resumed.lines) == kept(whole.lines)
    assert resumed.session.best_reward == whole.session.best_reward == 4.0
    assert best(tmp_path / "broken") == best(tmp_path / "whole") == 4
    assert (tmp_path / "broken" / "step-000000020" / NETWORK_FILE).exists()


def test_without_a_due_checkpoint_a_failed_validation_saves_as_well(tmp_path, rewards):
    rewards(lambda _: math.nan)
    with pytest.raises(EnvironmentFault):
        Training(tmp_path, validate_every=10).run()
    assert checkpoint_step(tmp_path) == unjudged_step(tmp_path) == 10


def test_nan_is_never_the_best(tmp_path, rewards):
    rewards(lambda action: math.nan if action < 3 else float(action))
    with pytest.raises(EnvironmentFault):
        Training(tmp_path).run()
    assert not (tmp_path / "best").exists()
    Training(tmp_path, resume=False)
    rewards(float)
    assert best_of_resumed(tmp_path) == 4


def best_of_resumed(folder):
    Training(folder, resume=True).run()
    return best(folder)


@pytest.mark.parametrize("at", [20, 40])
def test_a_stop_during_a_validation_loses_nothing(tmp_path, at, monkeypatch):
    monkeypatch.setattr(rlsys.training, "_LOOK_EVERY", 0.0)
    whole = Training(tmp_path / "whole").run()
    stopped = Training(tmp_path / "stopped")
    stopped.stop = lambda: (
        stopped.session._validating and checkpoint_step(tmp_path / "stopped") == at
    )
    with pytest.raises(Interrupted, match="during a validation"):
        stopped.run()
    assert unjudged_step(tmp_path / "stopped") == at
    resumed = Training(tmp_path / "stopped", resume=True).run()
    assert kept(stopped.lines) + kept(resumed.lines) == kept(whole.lines)
    assert unjudged_step(tmp_path / "stopped") is None
    assert best(tmp_path / "stopped") == 4


def test_a_long_iteration_stops_in_its_middle_with_the_last_boundary_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(rlsys.training, "PATIENCE", 0.0)
    monkeypatch.setattr(rlsys.training, "_LOOK_EVERY", 0.0)
    whole = Training(tmp_path / "whole").run()
    stopped = Training(tmp_path / "stopped")

    def in_iteration(k):
        stopped.stop = lambda: k == 4

    with pytest.raises(Interrupted, match="stopped at step 30 of 40"):
        stopped.run(in_iteration=in_iteration)
    assert checkpoint_step(tmp_path / "stopped") == 30
    resumed = Training(tmp_path / "stopped", resume=True).run()
    assert kept(stopped.lines) + kept(resumed.lines) == kept(whole.lines)
    assert best(tmp_path / "stopped") == best(tmp_path / "whole")


def test_a_short_iteration_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(rlsys.training, "PATIENCE", 3600.0)
    stopped = Training(tmp_path)

    def in_iteration(k):
        stopped.stop = lambda: k == 3

    with pytest.raises(Interrupted, match="stopped at step 30 of 40"):
        stopped.run(in_iteration=in_iteration)
    assert checkpoint_step(tmp_path) == 30


def test_the_state_remembered_is_a_copy(tmp_path, monkeypatch):
    """Agents return views of arrays that the next iteration changes."""
    monkeypatch.setattr(rlsys.training, "PATIENCE", 0.0)
    monkeypatch.setattr(rlsys.training, "_LOOK_EVERY", 0.0)
    stopped = Training(tmp_path)
    weights = np.zeros(3)
    stopped.session.boundary(10, TOTAL, lambda: network(1), lambda: {"weights": weights})
    weights += 1
    stopped.stop = lambda: True
    with pytest.raises(Interrupted):
        stopped.session.between_steps()
    assert load_state(tmp_path / "last" / "state.npz")["agent"]["weights"].tolist() == [0, 0, 0]


def test_what_a_validation_said_survives_a_kill_after_it(tmp_path):
    """The best reward is that of the validation, though the state was written before it."""
    Training(tmp_path).run(20)
    assert json.loads((tmp_path / "last" / "validation.json").read_text())["best_reward"] == 2.0
    resumed = Training(tmp_path, resume=True)
    resumed.session.resumed_state()
    assert resumed.session.best_reward == 2.0
    assert resumed.lines == []
