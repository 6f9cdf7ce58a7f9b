"""The dynamic environment: an episode is a day, planned again whenever something happens."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.dynamic.day import Day, draw_day
from rlsys_jobshop.dynamic.day_in_play import DayInPlay
from rlsys_jobshop.dynamic.record import Record
from rlsys_jobshop.dynamic.shop import DynamicShop
from rlsys_jobshop.dynamic.sunk import latest_end, tardiness
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.sources import REMEMBERED
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.problem import Instance
from rlsys_jobshop.simulator import simulator_of

Copies = NDArray[np.int64]


class DynamicVectorEnv(JobshopVectorEnv):
    """Job shops in which jobs arrive, machines break, and jobs are cancelled.

    The policy plans what is known; of its plan, what begins before the next event is fixed; then it
    plans the rest, see ``docs/plugins/jobshop-dynamic.md``. Observations, actions and masks are
    those of `JobshopVectorEnv`, of the residual problem. So are rewards: the bound is on the whole
    day now, and falls or rises too when an event happens, so that an episode earns minus the gap
    between the day as it went and the bound at its start. An episode terminates when all events
    have happened and the rest is planned.

    Args:
        config: which instances, what is seen, what is minimised.
        shop: how eventful their days are.
        num_envs: N, the number of copies.

    Attributes:
        final_records: the last complete day of each copy; `final_schedules` has its schedule, of
            the problem as it turned out, with all events known.
    """

    def __init__(self, config: JobshopConfig, shop: DynamicShop, num_envs: int = 1) -> None:
        super().__init__(config, num_envs)
        self.shop = shop
        self.final_records: list[Record | None] = [None] * num_envs
        self._day = lru_cache(REMEMBERED)(self._drawn)
        self._play: list[DayInPlay | None] = [None] * num_envs
        self._plans: list[list[list[int]]] = [[] for _ in range(num_envs)]
        self._latest = np.zeros(num_envs)
        self._tardiness = np.zeros(num_envs)
        self._is_ahead = np.ones(num_envs, np.bool_)

    def opened(self, copy: int) -> Instance:
        """Begin the day of a copy's ticket, and return what is known at its start."""
        day = self._day(int(self._tickets[copy]))
        self._play[copy] = DayInPlay(day.instance, day.events)
        self._plans[copy] = []
        self._note_past(copy)
        return day.instance

    def completed(self, copy: int) -> None:
        """Follow the complete plan of a copy until the next event, and plan what is left then."""
        play = self._played(copy)
        self._plans[copy].append(self.simulator.decisions(copy).tolist())
        play.follow(self.simulator.schedule(copy))
        self._note_past(copy)
        if play.record is None:
            self.simulator.start(copy, self.instance(copy))
            return
        schedule = play.record.schedule
        self.final_records[copy], self.final_schedules[copy] = play.record, schedule
        if schedule is not None:
            hindsight = simulator_of([schedule.instance])
            self._first_bounds[copy] = hindsight.makespan_bounds()[0]

    def instance(self, copy: int) -> Instance:
        """Return the residual problem that a copy plans now."""
        instance = self._played(copy).left.instance
        assert instance is not None
        return instance

    def get_state(self) -> dict[str, Any]:
        """Return what determines the future: days, and the decisions in every plan so far."""
        return super().get_state() | {
            "plans": [[list(plan) for plan in plans] for plans in self._plans],
            "first_bounds": self._first_bounds.copy(),
            "unit": self._unit.copy(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from the result of `get_state` of an environment with as many copies.

        Raises:
            ValueError: it has another number of copies.
        """
        self.require_as_many(state)
        self._tickets[:] = state["tickets"]
        for copy, plans in enumerate(state["plans"]):
            self.opened(copy)
            for plan in plans:
                self.simulator.start(copy, self.instance(copy))
                self.simulator.repeat(copy, np.array(plan, np.int64))
                self.completed(copy)
        super().set_state(state)
        self._first_bounds[:] = state["first_bounds"]
        self._unit[:] = state["unit"]

    def _drawn(self, ticket: int) -> Day:
        return draw_day(self.source.instance(ticket), self.shop, ticket)

    def _played(self, copy: int) -> DayInPlay:
        play = self._play[copy]
        assert play is not None
        return play

    def _note_past(self, copy: int) -> None:
        """Note what the past contributes, and whether the simulator's schedule is still ahead."""
        left = self._played(copy).left
        self._latest[copy] = latest_end(left.situation)
        self._tardiness[copy] = tardiness(left.situation)
        self._is_ahead[copy] = left.instance is not None

    def _look(self, copies: Copies) -> None:
        """Note the bounds of copies on the whole day: what has begun counts too."""
        super()._look(copies)
        ahead = np.where(self._is_ahead[copies], self._bounds[copies], 0.0)
        if self.config.objective == "makespan":
            self._bounds[copies] = np.maximum(ahead, self._latest[copies])
        else:
            self._bounds[copies] = ahead + self._tardiness[copies]
