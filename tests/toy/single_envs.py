"""Single Gymnasium environments as strangers write them: small, and with every kind of space."""

from __future__ import annotations

import copy
from collections import OrderedDict

import gymnasium
import numpy as np
from gymnasium import spaces

STEPS = 5


class Recording(gymnasium.Env):
    """An environment of any spaces: it shows samples, and keeps what it was given.

    The reward is a number that depends on the action and on the environment's own randomness.
    """

    observation_space = spaces.Box(-1.0, 1.0, (3,))
    action_space = spaces.Discrete(3)

    def __init__(self, steps=STEPS):
        self.steps = steps
        self.given = []
        # Spaces draw from a generator of their own, which copies must not share.
        self.observation_space = copy.deepcopy(self.observation_space)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed, options=options)
        if seed is not None:
            self.observation_space.seed(int(self.np_random.integers(1 << 30)))
        self._time = 0
        self._last = 4 + int(self.np_random.integers(3))
        return self._seen(), {}

    def step(self, action):
        assert action in self.action_space, (action, self.action_space)
        self.given.append(action)
        self._time += 1
        total = float(np.sum([np.sum(part) for part in _parts(action)]))
        reward = total + float(self.np_random.normal())
        ends, cut = self._time >= self._last, self._time >= self.steps
        return self._seen(), reward, ends, cut and not ends, {"moved": self._time}

    def _seen(self):
        return self.observation_space.sample()


def _parts(action):
    if isinstance(action, dict):
        return [p for v in action.values() for p in _parts(v)]
    if isinstance(action, tuple):
        return [p for v in action for p in _parts(v)]
    return [action]


class Nested(Recording):
    observation_space = spaces.Dict(
        {
            "place": spaces.Discrete(4, start=2),
            "arms": spaces.Tuple(
                (spaces.MultiBinary(2), spaces.Box(-np.inf, 5.0, (2, 2), np.float64))
            ),
            "gear": spaces.MultiDiscrete([2, 3], start=[1, -1]),
        }
    )


class Image(Recording):
    observation_space = spaces.Box(0, 255, (4, 3, 3), np.uint8)


class FromTwo(Recording):
    action_space = spaces.Discrete(3, start=2)


class Gears(Recording):
    action_space = spaces.MultiDiscrete([[2, 3], [4, 2]], start=[[0, 1], [-1, 5]])


class Switches(Recording):
    action_space = spaces.MultiBinary(3)


class Whole(Recording):
    action_space = spaces.Box(np.array([-1, 2]), np.array([3, 4]), dtype=np.int32)


class Joints(Recording):
    action_space = spaces.Box(-2.0, np.array([[1.0, 2.0], [3.0, 4.0]]), dtype=np.float64)


class Both(Recording):
    action_space = spaces.Dict(
        OrderedDict([("turn", spaces.Discrete(3, start=-1)), ("lamps", spaces.MultiBinary([2, 2]))])
    )


class Pair(Recording):
    action_space = spaces.Tuple((spaces.Box(0.0, 1.0, (2,)), spaces.Box(-3.0, 3.0, ())))


class Mixed(Recording):
    action_space = spaces.Tuple((spaces.Box(0.0, 1.0, (2,)), spaces.Discrete(2)))


class Saying(Recording):
    observation_space = spaces.Dict({"text": spaces.Text(5)})


class Halved(gymnasium.ObservationWrapper):
    def observation(self, observation):
        return observation / 2


def mask_at(time):
    """Two of four actions are allowed, others in every step."""
    mask = np.zeros(4, np.int8)
    mask[[time % 4, (time + 1) % 4]] = 1
    return mask


class ByMethod(Recording):
    """Masks as in sb3-contrib; a forbidden action is an error, as in the two that follow."""

    action_space = spaces.Discrete(4)

    def action_masks(self):
        return mask_at(self._time).astype(bool)

    def step(self, action):
        assert mask_at(self._time)[action]
        return super().step(action)


class ByInfo(Recording):
    """Masks as Taxi-v3 gives them."""

    action_space = spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        seen, info = super().reset(seed=seed, options=options)
        return seen, {**info, "action_mask": mask_at(self._time)}

    def step(self, action):
        assert mask_at(self._time)[action]
        seen, reward, ends, cut, info = super().step(action)
        return seen, reward, ends, cut, {**info, "action_mask": mask_at(self._time)}


class ByObservation(Recording):
    """Masks as PettingZoo gives them."""

    action_space = spaces.Discrete(4)
    observation_space = spaces.Dict(
        {"observation": spaces.Box(-1.0, 1.0, (3,)), "action_mask": spaces.MultiBinary(4)}
    )

    def step(self, action):
        assert mask_at(self._time)[action]
        return super().step(action)

    def _seen(self):
        return {**super()._seen(), "action_mask": mask_at(self._time)}


class MaskedGears(Recording):
    """One mask for each entry of a MultiDiscrete action."""

    action_space = spaces.MultiDiscrete([2, 3])

    def action_masks(self):
        return [np.array([1, 0]), np.array([0, 1, 1])]

    def step(self, action):
        assert action[0] == 0
        assert action[1] in (1, 2)
        return super().step(action)
