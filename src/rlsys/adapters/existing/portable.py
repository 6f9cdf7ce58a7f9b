"""A single existing environment as a portable network sees it: vectors in, plain actions out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rlsys.adapters.existing.actions import ActionCode
from rlsys.adapters.existing.observations import ObservationCode, Vector, without
from rlsys.errors import UserError

Mask = NDArray[np.bool_] | None
MASK = "action_mask"
_SOMETIMES = (
    f"info['{MASK}'] is given in some steps only; give it in reset() and in every step(), with "
    "ones where everything is allowed"
)


class PortableEnv(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A `gymnasium.Env` whose observations are float32 vectors and whose actions agents know.

    Its episodes are those of `env` with the same seed. `render` and Gymnasium's wrappers for
    recording work on it as on any environment.

    Masks come from the environment's method ``action_masks()`` (also of an inner environment), from
    the key ``action_mask`` of a Dict observation, which is then not observed, or from
    ``info["action_mask"]`` of `reset` and `step`.

    Args:
        env: the environment.
        name: what messages call it.

    Attributes:
        mask: of the current step, (sum of choices,); None if there are no masks or the episode has
            ended.
        masked: whether there are masks; known after the first `reset`.

    Raises:
        UserError: a network cannot take its observations, or choose its actions.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], name: str) -> None:
        super().__init__(env)
        self.name = name
        self.mask: Mask = None
        self.masked = False
        self._started = False
        self._method = _mask_method(env)
        seen = env.observation_space
        self._mask_observed = isinstance(seen, spaces.Dict) and MASK in seen.spaces
        self._unwrap = ""
        if isinstance(seen, spaces.Dict) and self._mask_observed:
            rest = [key for key in seen if key != MASK]
            self._unwrap = rest[0] if len(rest) == 1 else ""
            seen = without(seen, MASK)
        try:
            self.observations = ObservationCode(seen)
            self.actions = ActionCode(env.action_space)
        except UserError as error:
            raise UserError(f"{name}: {error}") from error
        self.observation_space = self.observations.space
        self.action_space = self.actions.space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Vector, dict[str, Any]]:
        """Start an episode; the info is the environment's."""
        result = self.env.reset(seed=seed, options=options)
        if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], Mapping):
            raise UserError(
                f"{self.name}: reset() returned {_kind(result)}; it must return (observation, "
                "info), as Gymnasium's environments do"
            )
        observation, info = result
        found = self._method is not None or self._mask_observed or MASK in info
        if found and not self.actions.choices:
            raise UserError(
                f"{self.name}: has action masks, but continuous actions, which cannot be masked; "
                "leave the masks out, or make the actions discrete"
            )
        if self._started and found != self.masked:
            raise UserError(f"{self.name}: {_SOMETIMES}")
        self._started, self.masked = True, found
        try:
            self._note_mask(observation, info)
            return self._vector(observation), dict(info)
        except UserError as error:
            raise UserError(f"{self.name}: {error}") from error

    def step(self, action: Any) -> tuple[Vector, float, bool, bool, dict[str, Any]]:
        """Do one step with an action of `action_space`; the info is the environment's."""
        result = self.env.step(self.actions(action))
        if not isinstance(result, tuple) or len(result) != 5:
            old = isinstance(result, tuple) and len(result) == 4
            raise UserError(
                f"{self.name}: step() returned {_kind(result)}; it must return (observation, "
                "reward, terminated, truncated, info)"
                + ("; the old 'gym' had one flag `done` instead of the last two" if old else "")
            )
        observation, reward, terminated, truncated, info = result
        terminated, truncated = bool(terminated), bool(truncated)
        try:
            if terminated or truncated:
                self.mask = None
            else:
                self._note_mask(observation, info)
            vector = self._vector(observation)
            return vector, plain_number(reward), terminated, truncated, dict(info)
        except UserError as error:
            raise UserError(f"{self.name}: {error}") from error

    def _vector(self, observation: Any) -> Vector:
        if self._mask_observed:
            if self._unwrap:
                observation = observation[self._unwrap]
            else:
                observation = {key: observation[key] for key in observation if key != MASK}
        return self.observations(observation)

    def _note_mask(self, observation: Any, info: Mapping[str, Any]) -> None:
        if self._method is not None:
            given = self._method()
        elif self._mask_observed:
            given = observation[MASK]
        else:
            given = info.get(MASK)
            if self.masked != (given is not None):
                raise UserError(_SOMETIMES)
        self.mask = self.actions.mask(given) if self.masked else None


def plain_number(reward: Any) -> float:
    """Return a reward as a float.

    Raises:
        UserError: it is not one number.
    """
    if isinstance(reward, float):
        return reward
    try:
        return float(np.asarray(reward, np.float64).item())
    except (TypeError, ValueError) as error:
        text = repr(reward)
        text = text if len(text) <= 60 else f"{text[:57]}..."
        raise UserError(f"its reward is {text}; it must be one number") from error


def _mask_method(env: gymnasium.Env[Any, Any]) -> Any:
    """Return the method ``action_masks`` of `env` or of an environment inside it, or None."""
    found = env.get_wrapper_attr("action_masks") if env.has_wrapper_attr("action_masks") else None
    return found if callable(found) else None


def _kind(result: Any) -> str:
    if isinstance(result, tuple):
        return f"a tuple of {len(result)} values"
    return f"one value of type {type(result).__name__}"
