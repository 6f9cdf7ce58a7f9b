"""Whatever an environment does wrong is said in one line: where it happened and what to do."""

from __future__ import annotations

import pickle
from typing import ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv

from rlsys.adapters.making import EnvMaker
from rlsys.adapters.preflight import check_repeatable
from rlsys.controllers import action_masks
from rlsys.descriptors import EnvironmentSpec, MetricSpec
from rlsys.errors import EnvironmentFault, Interrupted, UserError

LENGTH = 5


class Walk(VectorEnv):
    """Shows how many steps of the episode are done; `fault` says what goes wrong in step 3."""

    metadata: ClassVar = {"autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(self, fault, num_envs):
        if fault == "factory":
            raise RuntimeError("no\nconnection")
        self.fault = fault
        self.num_envs = num_envs
        self.single_observation_space = Box(0.0, 4.0, (2,), np.float32)
        self.single_action_space = Discrete(2)
        self.told = "from inside"
        self._time = 0

    def reset(self, **_):
        self._time = 0
        return self._seen(), {}

    def step(self, _):
        self._time += 1
        wrong = self.fault if self._time == 3 else None
        if wrong == "raises":
            raise ZeroDivisionError("division by zero")
        if wrong == "refuses":
            raise UserError("the machine is off")
        if wrong == "four":
            return self._seen(), np.ones(self.num_envs), np.zeros(self.num_envs, bool), {}
        rewards = np.ones(self.num_envs)
        done = np.full(self.num_envs, self._time == LENGTH and self.fault != "endless")
        none = np.zeros_like(done)
        infos = {}
        observations = self._seen()
        if done.all():
            values = np.full(self.num_envs, 7.0)
            if self.fault == "nan metric":
                values[1] = np.nan
            metrics = {} if self.fault == "no metric" else {"score": values}
            infos = {"final_obs": observations, "final_info": metrics}
            if self.fault == "final":
                infos["final_obs"] = observations + 1
            self._time = 0
            observations = self._seen()
        match wrong:
            case "nan reward":
                rewards[1] = np.nan
            case "reward shape":
                rewards = 1.0
            case "flags":
                none = none.astype(int)
            case "beyond":
                observations[1, 1] = 4.5
            case "below":
                observations[0, 0] = -0.25
            case "nan":
                observations[1, 0] = np.nan
            case "inf":
                observations[1, 0] = np.inf
            case "shape":
                observations = observations[:, :1]
            case "dtype":
                observations = observations.astype(object)
        return observations, rewards, done, none, infos

    def action_masks(self):
        return np.ones((self.num_envs, 2), bool)

    def fixed_point_observations(self, bits):
        return np.full((self.num_envs, 2), 9 << bits)

    def _seen(self):
        return np.full((self.num_envs, 2), min(self._time, 4), np.float32)


class Single(gymnasium.Env):
    observation_space = Box(0.0, 1.0)
    action_space = Discrete(2)


class Pettish:
    possible_agents = ("a", "b")

    def step(self, actions):
        raise NotImplementedError


def batch(config, num_envs):
    match config:
        case "single":
            return Single()
        case "parallel":
            return Pettish()
        case "one":
            return Walk(None, 1)
        case "nothing":
            return None
    return Walk(config, num_envs)


def maker(fault=None, **limits):
    spec = EnvironmentSpec(
        name="walk",
        summary="counts",
        config="pydantic:BaseModel",
        vector_env=f"{__name__}:batch",
        agent="ppo",
        metrics=(MetricSpec(name="score", summary="seven", better="higher"),),
    )
    return EnvMaker(spec, fault, **limits)


def walk(env, steps):
    env.reset(seed=[11, 12])
    for _ in range(steps):
        result = env.step(np.zeros(2, np.int64))
    return result


FAULTS = {
    "raises": ("its step() raised ZeroDivisionError: division by zero", "step 3"),
    "four": ("step() must return (observations, rewards, terminated, truncated, infos)", "step 3"),
    "nan reward": ("the reward is nan; rewards must be finite", "copy 1, seed 12, step 3"),
    "reward shape": ("the rewards have shape () and dtype float64", "return numbers of shape (2,)"),
    "flags": ("truncated has shape (2,) and dtype int64; return bool", "step 3"),
    "beyond": ("observation[1] = 4.5 is above its bound 4", "copy 1, seed 12, step 3"),
    "below": ("observation[0] = -0.25 is below its bound 0", "copy 0, seed 11, step 3"),
    "nan": ("observation[0] is nan; observations must be finite", "copy 1, seed 12, step 3"),
    "inf": ("observation[0] is inf; observations must be finite", "copy 1, seed 12, step 3"),
    "shape": ("the observations have shape (2, 1), not (2, 2)", "step 3"),
    "dtype": ("the observations have dtype object", "step 3"),
    "no metric": ("an episode ended without its metric 'score'", "step 5"),
    "nan metric": ("the metric 'score' is nan", "copy 1, seed 12, step 5"),
    "final": ("observation[0] = 5 is above its bound 4", "step 5"),
    "endless": ("the episode has not ended after 8 steps", "playing.longest_episode"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_promise_is_one_line_with_its_place(fault):
    env = maker(fault, longest_episode=8)(2)
    with pytest.raises(EnvironmentFault) as caught:
        walk(env, 10)
    message = str(caught.value)
    assert message.startswith("environment 'walk'")
    assert "\n" not in message
    for part in FAULTS[fault]:
        assert part in message


def test_an_environment_that_keeps_its_promises_passes_unchanged():
    env, plain = maker()(2), Walk(None, 2)
    env.reset(seed=[1, 2])
    plain.reset(seed=[1, 2])
    for _ in range(12):
        for one, other in zip(
            env.step(np.zeros(2, np.int64)), plain.step(np.zeros(2, np.int64)), strict=True
        ):
            np.testing.assert_equal(one, other)


def test_an_exception_keeps_its_traceback_and_a_user_error_its_words():
    with pytest.raises(EnvironmentFault) as caught:
        walk(maker("raises")(2), 3)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(UserError, match=r"^the machine is off$"):
        walk(maker("refuses")(2), 3)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("single", "Single, a single environment; name it with `env`"),
        ("parallel", "Pettish, a PettingZoo environment"),
        ("one", "returned 1 copies where 2 were asked for"),
        ("nothing", "NoneType, not a batched environment"),
        ("factory", "making 2 copies raised RuntimeError: no connection"),
    ],
)
def test_a_factory_that_returns_something_else_is_named(kind, words):
    with pytest.raises(EnvironmentFault) as caught:
        maker(kind)(2)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("fault", "value"), [("beyond", 4.0), ("below", 0.0)])
def test_observations_beyond_their_bounds_are_clipped_and_counted_if_asked(fault, value):
    make_env = maker(fault, clip=True)
    observations, *_ = walk(make_env(2), 3)
    copy = 1 if fault == "beyond" else 0
    assert observations[copy, copy] == value
    assert (make_env.counts.observations, make_env.counts.clipped) == (8, 1)
    assert observations.dtype == np.float32


def test_clipping_covers_last_observations_and_integers():
    make_env = maker("final", clip=True)
    env = make_env(2)
    *_, infos = walk(env, 5)
    assert infos["final_obs"].max() == 4.0
    assert (env.fixed_point_observations(6) == 4 << 6).all()
    assert (maker("final")(2).fixed_point_observations(6) == 9 << 6).all()


def test_nan_is_never_clipped():
    with pytest.raises(EnvironmentFault, match="is nan"):
        walk(maker("nan", clip=True)(2), 3)


def test_it_is_the_environment_in_all_else():
    env = maker()(2)
    assert isinstance(env, Walk)
    assert isinstance(env, VectorEnv)
    assert env.told == "from inside"
    assert hasattr(env, "action_masks")
    assert not hasattr(env, "get_state")
    assert action_masks(env).shape == (2, 2)
    env.told = "from outside"
    assert env.unwrapped.told == "from outside"


def test_a_missing_space_is_the_users_to_give_and_still_a_missing_attribute():
    env = maker()(2)
    del env.unwrapped.single_action_space
    assert not hasattr(env, "single_action_space")
    with pytest.raises(UserError, match="'walk' has no single_action_space, which this agent"):
        _ = env.single_action_space


def test_it_travels_to_another_process():
    make_env = maker(copies=3)
    make_env.between_steps = lambda: None
    again = pickle.loads(pickle.dumps(make_env))
    assert again.copies == 3
    walk(again(2), 4)


def test_a_stop_comes_between_two_steps():
    make_env = maker()
    env = make_env(2)
    walk(env, 2)

    def stop():
        raise Interrupted("stopped")

    make_env.between_steps = stop
    with pytest.raises(Interrupted):
        env.step(np.zeros(2, np.int64))


class Random(Walk):
    def __init__(self, shared, num_envs):
        super().__init__(None, num_envs)
        self._shared = shared

    def reset(self, *, seed):
        self._rng = np.random.default_rng() if self._shared else np.random.default_rng(seed)
        return super().reset()

    def _seen(self):
        return self._rng.random((self.num_envs, 2)).astype(np.float32)


@pytest.mark.parametrize("copies", [1, 2, 100])
def test_episodes_that_cannot_be_repeated_are_found(copies):
    check_repeatable(lambda n: Random(False, n), "walk", copies)
    with pytest.raises(EnvironmentFault, match="seed 7, step 0: the same seed and actions gave"):
        check_repeatable(lambda n: Random(True, n), "walk", copies)
