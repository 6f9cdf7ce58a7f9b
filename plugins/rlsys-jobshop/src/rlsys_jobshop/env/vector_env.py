"""The environment: N schedules under construction behind Gymnasium's `VectorEnv` interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

from rlsys.batched import BatchedEnv, Outcome
from rlsys.batched.batch import Copies
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.measured import NAMES as METRICS
from rlsys_jobshop.env.measured import measured
from rlsys_jobshop.env.sources import Source, source_of
from rlsys_jobshop.env.views import default_width, observation_space, sight_of, view_of
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.simulator import Capacity, Simulator

Array = NDArray[Any]


class JobshopVectorEnv(BatchedEnv):
    """Job shops, one operation per step: choose which candidate is scheduled next.

    Observations: the candidates as items, float32 (N, width, features), see
    `rlsys_jobshop.simulator.features`; or a vector, float32 (N, size), see
    `rlsys_jobshop.env.views`.
    Actions: the number of a candidate. The mask allows those that are there; a masked number stands
    for the last candidate.
    Rewards: what is minimised, as the change of its lower bound, in percent of the bound at the
    start (makespan), or of the work of all jobs (weighted tardiness). So an episode earns minus the
    gap between the schedule and the first bound.
    An episode terminates when all operations are scheduled; the next starts in the same step.

    Args:
        config: which instances, what is seen, what is minimised.
        num_envs: N, the number of copies.

    Attributes:
        simulator: the schedules; baselines read it.
        view: what is seen; it translates between actions and the simulator's candidates.
        items: whether candidates are seen one by one.
        final_schedules: the last complete schedule of each copy.
    """

    def __init__(self, config: JobshopConfig, num_envs: int = 1) -> None:
        self.config = config
        self.source: Source = source_of(config)
        self.width = config.width or default_width(config.view, self.source.most_jobs)
        space = observation_space(config.view, self.width)
        super().__init__(num_envs, space, Discrete(self.width))
        capacity = Capacity.of([self.source.instance(0)])
        self.simulator = Simulator(
            num_envs,
            capacity,
            config.candidates,
            self.width,
            sight=sight_of(config.view),
        )
        self.view = view_of(config, self.simulator)
        self.items = self.view.items
        self.final_schedules: list[Schedule | None] = [None] * num_envs
        self._tickets = np.zeros(num_envs, np.int64)
        self._upcoming = np.zeros(num_envs, np.int64)
        self._bounds = np.zeros(num_envs)
        self._first_bounds = np.zeros(num_envs)
        self._unit = np.ones(num_envs)

    def reseed(self, copies: Copies, seeds: Sequence[int | None]) -> None:
        """Seed some copies; of listed instances, consecutive seeds begin with consecutive ones."""
        super().reseed(copies, seeds)
        for copy, seed in zip(copies, seeds, strict=True):
            first = self.generators[copy].integers(1 << 30) if seed is None else seed
            self._upcoming[copy] = first

    def begin(self, copies: Copies) -> None:
        """Start an episode in these copies, each with its next instance."""
        for copy in copies:
            if self.source.count is None:
                self._tickets[copy] = self.generators[copy].integers(1 << 62)
            else:
                self._tickets[copy] = self._upcoming[copy] % self.source.count
                self._upcoming[copy] += 1
            self.simulator.start(int(copy), self.opened(int(copy)))
        self._begun(copies)

    def advance(self, actions: Array) -> Outcome:
        """Schedule one operation in every copy."""
        simulator = self.simulator
        simulator.step(self.view.positions(np.minimum(actions, simulator.count - 1)))
        before = self._bounds.copy()
        for copy in np.flatnonzero(simulator.count == 0):
            self.completed(int(copy))
        self._look(self.copies)
        rewards = (before - self._bounds) * 100.0 / self._unit
        return Outcome(rewards, terminated=simulator.count == 0)

    def opened(self, copy: int) -> Instance:
        """Return the instance with which the episode of a copy's ticket begins."""
        return self.source.instance(int(self._tickets[copy]))

    def completed(self, copy: int) -> None:
        """Take the complete schedule of a copy.

        Whoever starts the copy's simulator again here goes on with the episode.
        """
        self.final_schedules[copy] = self.simulator.schedule(copy)

    def observations(self) -> Array:
        """Return what is seen, (N, width, features) or (N, size)."""
        return self.view.observe()

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which actions are candidates, (N, width)."""
        return np.arange(self.width) < self.simulator.count[:, None]

    def metrics(self) -> Mapping[str, Any]:
        """Return how good the complete schedules are; see `rlsys_jobshop_plugin`."""
        found: dict[str, Array] = {name: np.zeros(self.num_envs) for name in METRICS}
        for copy in np.flatnonzero(self.simulator.count == 0):
            schedule = self.final_schedules[copy]
            if schedule is None:
                continue
            for name, value in measured(schedule, self._first_bounds[copy]).items():
                found[name][copy] = value
        return found

    def instance(self, copy: int) -> Instance:
        """Return the instance that a copy plays."""
        return self.source.instance(int(self._tickets[copy]))

    def get_state(self) -> dict[str, Any]:
        """Return what determines the future: instances, and the decisions so far."""
        return {
            "tickets": self._tickets.copy(),
            "upcoming": self._upcoming.copy(),
            "decisions": [self.simulator.decisions(copy).tolist() for copy in range(self.num_envs)],
            "generators": [rng.bit_generator.state for rng in self.generators],
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from the result of `get_state` of an environment with as many copies.

        Raises:
            ValueError: it has another number of copies.
        """
        self.ensure_seeded()
        self.require_as_many(state)
        self._tickets[:] = state["tickets"]
        self._upcoming[:] = state["upcoming"]
        for copy in range(self.num_envs):
            self.simulator.start(copy, self.instance(copy))
        self._begun(self.copies)
        for copy, modes in enumerate(state["decisions"]):
            self.simulator.repeat(copy, np.array(modes, np.int64))
        self._look(self.copies)
        for generator, saved in zip(self.generators, state["generators"], strict=True):
            generator.bit_generator.state = saved

    def require_as_many(self, state: Mapping[str, Any]) -> None:
        """Refuse the state of an environment with another number of copies.

        Raises:
            ValueError: it is one.
        """
        if len(state["tickets"]) != self.num_envs:
            raise ValueError(f"the state has {len(state['tickets'])} copies, not {self.num_envs}")

    def _begun(self, copies: Copies) -> None:
        """Note the bounds of copies in which nothing is decided yet."""
        self._look(copies)
        self._first_bounds[copies] = self.simulator.makespan_bounds()[copies]
        own = self.simulator.batch.copies
        works = own["scale"] * own["operations"]
        unit = self._first_bounds if self.config.objective == "makespan" else works
        self._unit[copies] = np.maximum(unit[copies], 1.0)

    def _look(self, copies: Copies) -> None:
        """Note the order of candidates, and the bounds of copies on what is minimised."""
        self.view.look()
        makespan = self.config.objective == "makespan"
        simulator = self.simulator
        bounds = simulator.makespan_bounds() if makespan else simulator.tardiness_bounds()
        self._bounds[copies] = bounds[copies]
