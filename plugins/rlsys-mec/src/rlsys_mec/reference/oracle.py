"""The reference as an oracle: it plans every slot at its start and plays the plan by role."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys_mec.baselines.controllers import user_actions
from rlsys_mec.config import MecConfig
from rlsys_mec.reference.exhaustive import MOST_USERS, TOLERANCE, optimum
from rlsys_mec.reference.gradient import Plan
from rlsys_mec.reference.search import best_found
from rlsys_mec.slot import Floats
from rlsys_mec.vector_env import MecVectorEnv


class MecOracle:
    """Play the optimum of every slot if it can be computed, or else the best plan found.

    Attributes:
        name: ``optimum`` for a flat system of at most six users, otherwise ``best-found``.
        tolerance: by how much an episode may still earn more: the numerical tolerance of the
            optimum, or infinity for ``best-found``.

    Raises:
        UserError: unfinished work carries over, so the best slots do not make the best episode.
    """

    def __init__(self, config: MecConfig) -> None:
        if config.slot_s is not None:
            raise UserError(
                "slots depend on each other here (slot_s is set), and no reference is known for "
                "that; to get one, set slot_s to null"
            )
        self._exact = config.n_clusters is None and config.n_users <= MOST_USERS
        self.name = "optimum" if self._exact else "best-found"
        unit = TOLERANCE * max(config.weight_qos, config.weight_energy)
        self.tolerance = config.slots * unit if self._exact else math.inf
        self._plan: Plan | None = None

    def reset(self, env: MecVectorEnv) -> None:
        """Forget the last plan."""
        del env
        self._plan = None

    def act(self, env: MecVectorEnv, observations: NDArray[Any]) -> Floats:
        """Return the acting role's actions, (num_envs, agents, ...)."""
        del observations
        if env.acting == env.roles[0].name:
            self._plan = self._planned(env)
        plan = self._plan
        if plan is None:
            raise ValueError("the reference must start with a slot, not within one")
        if env.acting == "coordinator":
            return plan.cpu[:, None]
        if env.acting == "ue":
            return user_actions(plan.offload, plan.request)
        return plan.priority

    def action_values(self, env: MecVectorEnv) -> NDArray[np.float64]:
        """Raise an error: decisions of many agents are not a list of actions.

        Raises:
            UserError: always.
        """
        del env
        raise UserError("the decisions of several roles have no table of action values")

    def _planned(self, env: MecVectorEnv) -> Plan:
        if self._exact:
            plan, _ = optimum(env.config, env.situation)
        else:
            plan, _ = best_found(env.config, env.situation, env.config.reference_restarts)
        return plan
