"""The dispatching rules as controllers of the environment: the baselines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.problem.goals import value
from rlsys_jobshop.rules import Rule, dispatch, rule_named
from rlsys_jobshop.rules.priorities import chosen
from rlsys_jobshop.simulator import facts


def rule(config: JobshopConfig, name: str, seed: int = 0) -> OneTry | BestOfMany:
    """Return a rule as a controller.

    Args:
        config: of the environment.
        name: of the rule.
        seed: of what is random in it.

    Raises:
        UserError: there is no such rule.
    """
    known = rule_named(name)
    return OneTry(known, seed) if known.tries == 1 else BestOfMany(known, config, seed)


class OneTry:
    """Chooses by priorities, step by step."""

    def __init__(self, rule: Rule, seed: int) -> None:
        self._rule = rule
        self._seed = seed

    def reset(self, env: JobshopVectorEnv) -> None:
        """Start with the same random numbers every time."""
        del env
        self._generator = np.random.default_rng(self._seed)

    def act(self, env: JobshopVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the candidate of each copy with the lowest priority, (num_envs,)."""
        del observations
        known = facts(env.simulator, rise=self._rule.looks_ahead)
        return env.view.actions(chosen(known, self._rule.priorities(known, self._generator)))


class Planned(ABC):
    """Follows a plan for each instance: whole schedules that were made before.

    Among the candidates, the plan's operation that starts first goes first, in the plan's mode. In
    an active schedule that repeats the plan.
    """

    def __init__(self) -> None:
        self._plans: dict[int, tuple[Instance, Schedule]] = {}

    @abstractmethod
    def plan(self, instance: Instance) -> Schedule:
        """Return a schedule of `instance`."""

    def reset(self, env: JobshopVectorEnv) -> None:
        """Forget all plans."""
        del env
        self._plans.clear()

    def act(self, env: JobshopVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the candidate of each copy that its plan begins first, (num_envs,)."""
        del observations
        simulator = env.simulator
        positions = np.zeros(env.num_envs, np.int64)
        for copy in np.flatnonzero(simulator.count):
            plan = self._plan_of(env, int(copy))
            count = simulator.count[copy]
            capacity = simulator.capacity
            operations = simulator.operations[copy, :count] - copy * capacity.operations
            modes = simulator.modes[copy, :count] - copy * capacity.modes
            other_mode = plan.mode[operations] != modes
            order = np.lexsort((plan.rank[operations], plan.start[operations], other_mode))
            positions[copy] = order[0]
        return env.view.actions(positions)

    def _plan_of(self, env: JobshopVectorEnv, copy: int) -> Schedule:
        instance = env.instance(copy)
        known = self._plans.get(id(instance))
        if known is None:
            known = self._plans[id(instance)] = (instance, self.plan(instance))
        return known[1]


class BestOfMany(Planned):
    """Builds many schedules by a rule with noise, and follows the best."""

    def __init__(self, rule: Rule, config: JobshopConfig, seed: int) -> None:
        super().__init__()
        self._rule = rule
        self._config = config
        self._seed = seed

    def plan(self, instance: Instance) -> Schedule:
        """Return the best of the schedules that the rule builds."""
        made = dispatch(instance, self._rule, seed=self._seed, candidates=self._config.candidates)
        return min(made, key=lambda schedule: value(schedule, self._config.objective))
