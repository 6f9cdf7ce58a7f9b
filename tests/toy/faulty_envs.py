"""Single environments with the mistakes that strangers make."""

from __future__ import annotations

import os
import time
from pathlib import Path

import gymnasium
import numpy as np
from gymnasium import spaces
from pydantic import BaseModel, ConfigDict
from single_envs import Recording

NUMBER = 7


class Raises(Recording):
    def __init__(self):
        raise RuntimeError("the simulator is not running\nstart it first")


class NotAnEnv:
    """It has no base class."""


class TurnBased:
    def __new__(cls):
        from pettingzoo.test.example_envs import generated_agents_env_v0

        return generated_agents_env_v0.env()


def a_batch():
    return gymnasium.make_vec("CartPole-v1", num_envs=2)


class NoSpaces(gymnasium.Env):
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed, options=options)
        return np.zeros(1, np.float32), {}


class OldReset(Recording):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed, options=options)[0]


class RaisesInReset(Recording):
    def reset(self, *, seed=None, options=None):
        del seed, options
        raise ValueError("no map is loaded")


class OldStep(Recording):
    def step(self, action):
        seen, reward, ends, cut, info = super().step(action)
        return seen, reward, ends or cut, info


class RewardOfTwo(Recording):
    def step(self, action):
        seen, _, ends, cut, info = super().step(action)
        return seen, np.array([1.0, 2.0]), ends, cut, info


class OtherShape(Recording):
    def _seen(self):
        return np.zeros(2 if self._time == 2 else 3, np.float32)


class BeyondDiscrete(Recording):
    observation_space = spaces.Dict({"room": spaces.Discrete(3)})

    def _seen(self):
        return {"room": self._time}


class MissingKey(Recording):
    observation_space = spaces.Dict({"room": spaces.Discrete(3), "age": spaces.Discrete(2)})

    def _seen(self):
        return {"room": 0}


class MaskOfThree(Recording):
    action_space = spaces.Discrete(4)

    def action_masks(self):
        return [1, 1, 1]


class MasksNothing(Recording):
    def action_masks(self):
        return np.zeros(3, bool)


class MaskOnce(Recording):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed, options=options)[0], {"action_mask": np.ones(3)}


class MaskLate(Recording):
    def step(self, action):
        return (*super().step(action)[:4], {"action_mask": np.ones(3)})


class MaskInSomeEpisodes(Recording):
    """With masks in the first episode, or where the seed is odd."""

    def __init__(self, by_seed=False):
        super().__init__()
        self.by_seed, self.episodes = by_seed, 0

    def reset(self, *, seed=None, options=None):
        self.episodes += 1
        self.masked = seed % 2 == 0 if self.by_seed else self.episodes == 1
        seen, info = super().reset(seed=seed, options=options)
        return seen, {**info, **self.mask()}

    def step(self, action):
        seen, reward, ends, cut, info = super().step(action)
        return seen, reward, ends, cut, {**info, **self.mask()}

    def mask(self):
        return {"action_mask": np.ones(3)} if self.masked else {}


class MaskedJoints(Recording):
    action_space = spaces.Box(-1.0, 1.0, (2,))

    def action_masks(self):
        return np.ones(2, bool)


class Growing(Recording):
    made = 0

    def __init__(self):
        super().__init__()
        type(self).made += 1
        self.observation_space = spaces.Box(-1.0, 1.0, (1 + self.made,))


class RaisesLater(Recording):
    def step(self, action):
        if self._time == 2:
            raise ZeroDivisionError("speed is zero")
        return super().step(action)


class Dies(Recording):
    def step(self, action):
        del action
        os._exit(7)


class Hangs(Recording):
    """Says in which process it hangs, in a file of the folder."""

    def __init__(self, folder, forever=True):
        super().__init__()
        self.folder, self.forever = Path(folder), forever

    def step(self, action):
        self.folder.joinpath(f"{os.getpid()}").touch()
        while self.forever:
            time.sleep(0.05)
        return super().step(action)


class Config(BaseModel):
    """Settings of a plugin's environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = 5
    fails: bool = False
    processes: int = 0


def of_plugin(config):
    if config.fails:
        raise KeyError("map")
    return Recording(config.steps)


class Successes(Recording):
    """Says whether it succeeded only where it did, as some environments do with `is_success`."""

    def step(self, action):
        seen, reward, ended, cut, info = super().step(action)
        return seen, reward, ended, cut, {**info, **({"is_success": 1.0} if ended else {})}


class Unknown(Recording):
    def step(self, action):
        *others, info = super().step(action)
        return *others, {**info, "is_success": None}


class Noisy(Recording):
    """Draws from a generator that no seed reaches."""

    noise = np.random.default_rng()

    def step(self, action):
        seen, reward, *others = super().step(action)
        return seen, reward + self.noise.normal(), *others


class Widening(Recording):
    def step(self, action):
        *others, info = super().step(action)
        return *others, {**info, "is_success": np.ones(self._time)}


class Uneven(Recording):
    """Episodes of the same length have metrics of different shapes."""

    def step(self, action):
        *others, info = super().step(action)
        return *others, {**info, "is_success": np.ones(self._last)}


def uneven(config):
    return Uneven(min(config.steps, 4))


def successes(config):
    return Successes(config.steps)


def unknown(config):
    return Unknown(config.steps)


def widening(config):
    return Widening(config.steps)


def shown(config, render_mode=None):
    del config
    return gymnasium.make("CartPole-v1", render_mode=render_mode)
