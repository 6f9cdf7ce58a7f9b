"""A system that cannot be played here, in the shape of an environment: its spaces, and no steps.

So whatever asks an environment what it observes and does, such as an agent that builds its network,
works as it does elsewhere.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys.training import Spaces


class SpacesOnly(VectorEnv[Any, Any, Any]):
    """The spaces of a system; every attempt to play it is refused.

    Args:
        name: of the environment, for messages.
        spaces: what it lets an agent observe and do.
        num_envs: number of copies.
    """

    def __init__(self, name: str, spaces: Spaces, num_envs: int) -> None:
        self.name = name
        self.num_envs = num_envs
        self.metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}
        self.items = spaces.items
        self.single_observation_space = spaces.observation
        self.single_action_space = spaces.action
        self.observation_space = batch_space(spaces.observation, num_envs)
        self.action_space = batch_space(spaces.action, num_envs)
        if spaces.masked:
            self.action_masks = self._refuse_masks

    def reset(self, **_: Any) -> NoReturn:
        """Refuse it.

        Raises:
            UserError: always.
        """
        self._refuse()

    def step(self, actions: Any) -> NoReturn:  # noqa: ARG002
        """Refuse it.

        Raises:
            UserError: always.
        """
        self._refuse()

    def _refuse_masks(self) -> NDArray[np.bool_]:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise UserError(
            f"{self.name} cannot be played here: it is a running program, and only its spaces are "
            "known; compare its policy in an environment that is like it"
        )
