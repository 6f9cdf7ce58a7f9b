"""A batch of one copy as an ordinary Gymnasium environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlsys.adapters.batched import require_same_step

Array = NDArray[Any]


class SingleEnv(gymnasium.Env[Array, Any]):
    """`gymnasium.Env` over a batched environment with one copy.

    The batch starts its next episode in the same step that ends one.  The adapter hides this: the
    last step returns the episode's own final observation and, in its info, the episode's metrics as
    plain numbers.  The following ``reset()`` returns the episode that has already started.  So with
    the same seed and actions, the single environment and the batch give the same trajectory over
    any number of episodes.  ``reset(seed=s)`` starts over, exactly as copy 0 of
    ``vector_env.reset(seed=s)`` does.

    Args:
        vector_env: batched environment with same-step autoreset and ``num_envs == 1``.

    Raises:
        UserError: the batch has another autoreset mode.
        ValueError: it has another number of copies.

    Example:
        >>> env = SingleEnv(ValveVectorEnv(config, num_envs=1))  # doctest: +SKIP
    """

    def __init__(self, vector_env: VectorEnv[Any, Any, Any]) -> None:
        require_same_step(vector_env)
        if vector_env.num_envs != 1:
            raise ValueError(
                f"a single environment wraps a batch of num_envs=1, not {vector_env.num_envs}"
            )
        self.vector_env = vector_env
        self.observation_space = vector_env.single_observation_space
        self.action_space = vector_env.single_action_space
        self.metadata = {"render_modes": []}
        self._running = False
        self._next: tuple[Array, dict[str, Any]] | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start an episode; the class describes ``reset()`` without a seed."""
        super().reset(seed=seed)
        waiting, self._next = self._next, None
        self._running = True
        if waiting is not None and seed is None and not options:
            return waiting
        observations, infos = self.vector_env.reset(seed=seed, options=options)
        return np.array(observations[0]), flatten_info(infos)

    def step(self, action: Any) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Do one step.

        Raises:
            ResetNeeded: no episode is running.
        """
        if not self._running:
            raise ResetNeeded("no episode is running; call reset() before step()")
        observations, rewards, terminated, truncated, infos = self.vector_env.step(
            np.asarray(action)[None]
        )
        observation = np.array(observations[0])
        info = flatten_info(infos)
        if terminated[0] or truncated[0]:
            self._running = False
            final_info = info.pop("final_info", {})
            final_observation = info.pop("final_obs")
            self._next = observation, info
            observation, info = np.array(final_observation), dict(final_info)
        return observation, float(rewards[0]), bool(terminated[0]), bool(truncated[0]), info

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which actions are allowed now, shape (n_actions,).

        Raises:
            AttributeError: the environment has no masks.
        """
        masks = self.vector_env.action_masks()  # type: ignore[attr-defined]
        return np.array(masks[0], dtype=bool)

    def close(self) -> None:
        """Close the batch."""
        self.vector_env.close()


def flatten_info(infos: Mapping[str, Any]) -> dict[str, Any]:
    """Return the batched `infos` of copy 0, with scalars as plain Python numbers.

    Gymnasium's vector infos map each name to an array over the copies, and ``"_" + name`` to a
    boolean array that marks the copies for which the value is valid.
    """
    flat: dict[str, Any] = {}
    for name, value in infos.items():
        if name.startswith("_"):
            continue
        if isinstance(value, Mapping):
            if np.all(infos.get(f"_{name}", True)):
                flat[name] = flatten_info(value)
        elif infos.get(f"_{name}", (True,))[0]:
            item = value[0]
            flat[name] = item.item() if isinstance(item, np.generic) else item
    return flat
