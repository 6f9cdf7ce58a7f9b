"""The best schedule that search finds, as the oracle of the environment."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.rules import Planned
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.search import random_keys, tabu


class JobshopOracle(Planned):
    """Follows what a search finds with a fixed number of moves.

    Tabu search plans classic job shops for the makespan, random-key hill climbing all else. So it
    is the same on every machine. It is not the optimum: `tolerance` is infinite.

    Attributes:
        name: ``best-found``.
    """

    name = "best-found"
    tolerance = math.inf

    def __init__(self, config: JobshopConfig) -> None:
        super().__init__()
        self._config = config

    def plan(self, instance: Instance) -> Schedule:
        """Return the schedule that the search finds."""
        effort = self._config.reference_effort
        if instance.is_classic and self._config.objective == "makespan":
            return tabu(instance, iterations=effort)
        return random_keys(instance, evaluations=effort, objective=self._config.objective)

    def action_values(self, env: Any) -> NDArray[np.float64]:
        """Raise an error: a search knows schedules, not the value of each decision.

        Raises:
            UserError: always.
        """
        del env
        raise UserError(
            "the search behind the oracle knows no value of single decisions; use an agent that "
            "needs no oracle, such as self-labelling"
        )
