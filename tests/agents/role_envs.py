"""Environments with roles, small enough that their optimum is known without any learning."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete

from rlsys.batched import BatchedRolesEnv, Outcome
from rlsys.roles import Role


class RoleEnv(BatchedRolesEnv):
    """Keeps what was decided and counts the time; a subclass has the dynamics."""

    horizon = 8
    memory_shape: tuple[int, ...] = ()
    saved = ("time", "memory")

    def __init__(self, num_envs: int, roles: tuple[Role, ...]) -> None:
        super().__init__(num_envs, roles)
        self.memory = np.zeros((num_envs, *self.memory_shape))
        self.time = np.zeros(num_envs, dtype=np.int64)
        self.decided: dict[str, np.ndarray] = {}

    def draw(self, copies: np.ndarray, first: bool) -> None:
        """Put the start of a slot into ``memory[copies]``; `first`: of an episode or not."""
        raise NotImplementedError

    def look(self, role: str) -> np.ndarray:
        """Return what `role` sees now, (num_envs, agents, ...)."""
        raise NotImplementedError

    def settle(self) -> tuple[np.ndarray, np.ndarray]:
        """Apply what was `decided` to `memory`; return rewards and terminations."""
        raise NotImplementedError

    def begin(self, copies):
        self.decided = {}
        self.time[copies] = 0
        self.draw(copies, first=True)

    def advance(self, actions):
        role = self.roles[self.turn]
        require_allowed(role.action_space, actions)
        self.decided[role.name] = actions
        if len(self.decided) < len(self.roles):
            return None
        rewards, terminated = self.settle()
        self.decided = {}
        self.time += 1
        truncated = (self.time >= self.horizon) & ~terminated
        self.draw(np.flatnonzero(~(terminated | truncated)), first=False)
        return Outcome(rewards, terminated, truncated)

    def observations(self):
        return self.look(self.acting)

    def metrics(self):
        return {"slots": self.time}


def require_allowed(space: Any, actions: np.ndarray) -> None:
    """Refuse actions (num_envs, agents, ...) that are not in `space`."""
    if isinstance(space, Box):
        assert actions.shape[2:] == space.shape
        assert actions.dtype == np.float32
        assert (actions >= space.low).all()
        assert (actions <= space.high).all()
    elif isinstance(space, Discrete):
        assert actions.ndim == 2
        assert np.issubdtype(actions.dtype, np.integer)
        assert (actions >= space.start).all()
        assert (actions < space.start + space.n).all()
    else:
        assert (actions >= 0).all()
        assert (actions < space.nvec).all()


class Watch(RoleEnv):
    """Scouts report a level each, continuous; a guard names the scout who reported the highest.

    A scout sees two numbers, their scales far apart, of which the second, halved, is the level; a
    slot costs the mean squared error. The guard sees what was reported in this very slot and
    earns 1 for the right name, counted from `first`. Nothing carries over: a contextual bandit.
    """

    scouts = 3
    first = 5
    memory_shape = (scouts, 2)
    horizon = 4

    def __init__(self, num_envs: int) -> None:
        super().__init__(
            num_envs,
            (
                Role("scout", self.scouts, Box(-2000.0, 2000.0, (2,)), Box(-1.0, 1.0, (1,))),
                Role(
                    "guard",
                    1,
                    Box(-1.0, 1.0, (self.scouts, 1)),
                    Discrete(self.scouts, start=self.first),
                ),
            ),
        )

    def draw(self, copies, first):
        del first
        for copy in copies:
            self.memory[copy] = self.generators[copy].uniform(-2, 2, (self.scouts, 2))

    def look(self, role):
        if role == "scout":
            return self.memory * [1000.0, 1.0]
        return self.decided["scout"].reshape(self.num_envs, 1, self.scouts, 1)

    def settle(self):
        reports = self.decided["scout"][..., 0]
        errors = reports - self.memory[..., 1] / 2
        right = self.decided["guard"][:, 0] == reports.argmax(axis=1) + self.first
        return right - np.square(errors).mean(axis=1), np.zeros(self.num_envs, bool)

    @classmethod
    def optimum(cls) -> float:
        return float(cls.horizon)


class Haul(RoleEnv):
    """Two carriers and a driver bring a load over four stations for 1.0; every slot costs 0.02.

    The load moves where both carriers lift and the driver, who sees how many do, goes; going
    without both costs 0.1 more. The end pays only the patient: the way there is all cost.
    """

    stations = 4
    horizon = 16

    def __init__(self, num_envs: int) -> None:
        place = Box(0.0, 1.0, (1,))
        super().__init__(
            num_envs,
            (
                Role("carrier", 2, place, Discrete(2)),
                Role("driver", 1, Box(0.0, 2.0, (2,)), Discrete(2)),
            ),
        )

    def draw(self, copies, first):
        if first:
            self.memory[copies] = 0.0

    def look(self, role):
        place = self.memory / self.stations
        if role == "carrier":
            return np.repeat(place[:, None, None], 2, axis=1)
        return np.stack([place, self.decided["carrier"].sum(axis=1)], axis=1)[:, None]

    def settle(self):
        lifted = self.decided["carrier"].sum(axis=1) == 2
        goes = self.decided["driver"][:, 0] == 1
        self.memory += lifted & goes
        there = self.memory >= self.stations
        return there - 0.02 - 0.1 * (goes & ~lifted), there

    @classmethod
    def optimum(cls) -> float:
        return 1.0 - 0.02 * cls.stations


class Alone(RoleEnv):
    """One agent of one role names the larger of two numbers."""

    memory_shape = (2,)
    horizon = 4

    def __init__(self, num_envs: int) -> None:
        super().__init__(num_envs, (Role("chooser", 1, Box(0.0, 1.0, (2,)), Discrete(2)),))

    def draw(self, copies, first):
        del first
        for copy in copies:
            self.memory[copy] = self.generators[copy].random(2)

    def look(self, role):
        del role
        return self.memory[:, None]

    def settle(self):
        right = self.decided["chooser"][:, 0] == self.memory.argmax(axis=1)
        return right.astype(float), np.zeros(self.num_envs, bool)

    @classmethod
    def optimum(cls) -> float:
        return float(cls.horizon)


class Counter(RoleEnv):
    """A clerk puts customers in order; the reward is what the best order waits over what this does.

    Customers are items: whether there is one, and how long they take. Shortest first is optimal
    (Smith, 1956), and earns 1.
    """

    places = 6
    memory_shape = (places, 2)
    horizon = 4

    def __init__(self, num_envs: int) -> None:
        shape = (self.places, 2)
        logits = Box(-3.0, 3.0, (self.places,))
        super().__init__(num_envs, (Role("clerk", 1, Box(0.0, 1.0, shape), logits, items=True),))

    def draw(self, copies, first):
        del first
        for copy in copies:
            drawn = self.generators[copy].random((self.places, 2))
            here = drawn[:, 0] < 0.7
            here[0] = True
            self.memory[copy] = np.stack([here, here * (0.05 + 0.95 * drawn[:, 1])], axis=1)

    def look(self, role):
        del role
        return self.memory[:, None]

    def settle(self):
        earned = np.empty(self.num_envs)
        for copy in range(self.num_envs):
            here = self.memory[copy, :, 0] > 0
            times = self.memory[copy, here, 1]
            chosen = np.argsort(-self.decided["clerk"][copy, 0, here])
            earned[copy] = np.cumsum(np.sort(times)).sum() / np.cumsum(times[chosen]).sum()
        return earned, np.zeros(self.num_envs, bool)

    @classmethod
    def optimum(cls) -> float:
        return float(cls.horizon)
