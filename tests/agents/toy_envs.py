"""Batched environments small enough that their optimum is known without any learning."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete

from rlsys.batched import BatchedEnv, Outcome


class ToyEnv(BatchedEnv):
    """Plays copy by copy and counts the time; a subclass has the dynamics of one copy."""

    horizon = 8
    memory_shape: tuple[int, ...] = ()
    saved = ("time", "memory")

    def __init__(self, num_envs: int, observation: Box, action: Any) -> None:
        super().__init__(num_envs, observation, action)
        self.time = np.zeros(num_envs, dtype=np.int64)
        self.memory = np.zeros((num_envs, *self.memory_shape))

    def draw(self, copy: int) -> None:
        """Draw a new episode into ``memory[copy]``."""
        raise NotImplementedError

    def act(self, copy: int, action: Any) -> tuple[float, bool]:
        """Change ``memory[copy]``; return reward and whether the episode terminates."""
        raise NotImplementedError

    def look(self, copy: int) -> np.ndarray:
        """Return the observation of a copy."""
        raise NotImplementedError

    def begin(self, copies):
        for copy in copies:
            self.time[copy] = 0
            self.draw(copy)

    def advance(self, actions):
        self.actions = actions
        results = [self.act(copy, action) for copy, action in enumerate(actions)]
        terminated = np.array([end for _, end in results])
        self.time += 1
        late = self.time >= self.horizon
        return Outcome([reward for reward, _ in results], terminated, late & ~terminated)

    def observations(self):
        return np.stack([self.look(copy) for copy in range(self.num_envs)])

    def metrics(self):
        return {"length": self.time}


class Corridor(ToyEnv):
    """Walk to the far end of five cells for a reward of 1.0; the near end gives only 0.1.

    Actions, counted from `first`: left, right, take. The mask forbids walls and taking nothing.
    A step costs 0.01.
    """

    cells = 5
    horizon = 8

    def __init__(self, num_envs: int, random: bool = False, first: int = 0) -> None:
        self.random = random
        self.first = first
        box = Box(0.0, 1.0, (self.cells + 1,), dtype=np.float32)
        super().__init__(num_envs, box, Discrete(3, start=first))

    def draw(self, copy):
        self.memory[copy] = self.generators[copy].integers(self.cells - 1) if self.random else 1

    def look(self, copy):
        place = np.zeros(self.cells + 1)
        place[int(self.memory[copy])] = 1.0
        place[-1] = self.time[copy] / self.horizon
        return place

    def rules(self, cell: int, action: int) -> tuple[int, float, bool]:
        """Return next cell, reward and whether that is the end."""
        if action == 2:
            prize = {0: 0.1, self.cells - 1: 1.0}.get(cell, 0.0)
            return cell, prize - 0.01, prize > 0
        return min(max(cell + (1 if action else -1), 0), self.cells - 1), -0.01, False

    def act(self, copy, action):
        cell, reward, end = self.rules(int(self.memory[copy]), int(action) - self.first)
        self.memory[copy] = cell
        return reward, end

    def allowed(self, cell: int) -> list[bool]:
        last = self.cells - 1
        return [cell > 0, cell < last, cell in (0, last)]

    def action_masks(self):
        return np.array([self.allowed(int(cell)) for cell in self.memory])

    @functools.cache  # noqa: B019 (a handful of tiny environments)
    def value(self, cell: int, time: int) -> float:
        """Return the best remaining return by trying everything."""
        if time == self.horizon:
            return 0.0
        return max(self.values(cell, time))

    def values(self, cell: int, time: int) -> list[float]:
        results = []
        for action, allowed in enumerate(self.allowed(cell)):
            after, reward, end = self.rules(cell, action)
            later = 0.0 if end else self.value(after, time + 1)
            results.append(reward + later if allowed else -np.inf)
        return results


class UnmaskedCorridor(Corridor):
    """The same without masks."""

    action_masks = None

    def __getattribute__(self, name):
        if name == "action_masks":
            raise AttributeError(name)
        return super().__getattribute__(name)


def unmasked_batch(config, num_envs):
    """Make it as a plugin's description does."""
    del config
    return UnmaskedCorridor(num_envs)


class ForgetfulCorridor(Corridor):
    """The same without ``get_state``."""

    def __getattribute__(self, name):
        if name in ("get_state", "set_state"):
            raise AttributeError(name)
        return super().__getattribute__(name)


class CorridorOracle:
    """Knows the corridor's optimum by enumeration."""

    name = "optimum"

    def __init__(self) -> None:
        self.resets = 0

    def reset(self, env):
        del env
        self.resets += 1

    def act(self, env, observations):
        del observations
        return self.action_values(env).argmax(axis=1) + env.first

    def action_values(self, env):
        return np.array(
            [env.values(int(c), int(t)) for c, t in zip(env.memory, env.time, strict=True)]
        )


class Basket(ToyEnv):
    """Pick items, each pick counting half as much as the one before; the last action stops.

    An item is (present, value), value in [-1, 1]; the best is to pick the positive values in
    descending order, then to stop.
    """

    places = 4
    items = True
    memory_shape = (4, 2)

    def __init__(self, num_envs: int) -> None:
        box = Box(-1.0, 1.0, (self.places, 2), dtype=np.float32)
        super().__init__(num_envs, box, Discrete(self.places + 1))

    def draw(self, copy):
        generator = self.generators[copy]
        count = generator.integers(1, self.places + 1)
        self.memory[copy] = 0.0
        self.memory[copy, :count, 0] = 1.0
        self.memory[copy, :count, 1] = generator.uniform(-1, 1, count)

    def look(self, copy):
        return self.memory[copy]

    def act(self, copy, action):
        if action == self.places:
            return 0.0, True
        present, value = self.memory[copy, action]
        self.memory[copy, action] = 0.0
        return float(present * value * 0.5 ** self.time[copy]), not self.memory[copy, :, 0].any()

    def action_masks(self):
        stop = np.ones((self.num_envs, 1), dtype=bool)
        return np.concatenate([self.memory[:, :, 0] > 0, stop], axis=1)

    @staticmethod
    def optimum(values: np.ndarray) -> float:
        """Return the best episode reward for the values of the present items."""
        gains = sorted((v for v in values if v > 0), reverse=True)
        return float(sum(v * 0.5**k for k, v in enumerate(gains)))


class Target(ToyEnv):
    """Name the two observed numbers: reward -|action - target|^2, four new targets an episode."""

    horizon = 4
    memory_shape = (2,)

    def __init__(self, num_envs: int) -> None:
        box = Box(-1.0, 1.0, (2,), dtype=np.float32)
        low, high = np.array([-2.0, -1.0], np.float32), np.array([2.0, 3.0], np.float32)
        super().__init__(num_envs, box, Box(low, high))

    def draw(self, copy):
        self.memory[copy] = self.generators[copy].uniform(-1, 1, 2)

    def look(self, copy):
        return self.memory[copy]

    def act(self, copy, action):
        reward = -float(np.sum((action - self.memory[copy]) ** 2))
        self.draw(copy)
        return reward, False


class Switches(ToyEnv):
    """Set two switches (of 3 and 2 positions) as observed; the mask forbids position 2 at times."""

    horizon = 4
    memory_shape = (3,)

    def __init__(self, num_envs: int) -> None:
        box = Box(-1.0, 1.0, (3,), dtype=np.float32)
        super().__init__(num_envs, box, MultiDiscrete([3, 2]))

    def draw(self, copy):
        self.memory[copy] = self.generators[copy].uniform(-1, 1, 3)

    def look(self, copy):
        return self.memory[copy]

    def act(self, copy, action):
        first = 0 if self.memory[copy, 0] < 0 else 1
        second = 0 if self.memory[copy, 1] < 0 else 1
        self.draw(copy)
        return float(action[0] == first) + float(action[1] == second), False

    def action_masks(self):
        masks = np.ones((self.num_envs, 5), dtype=bool)
        masks[:, 2] = self.memory[:, 2] < 0
        return masks
