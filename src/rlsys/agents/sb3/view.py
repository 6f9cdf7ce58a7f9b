"""The environment as a policy of Stable-Baselines3 sees it, where that differs from what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper, VecNormalize
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.agents.action_scale import ActionScale, action_scale
from rlsys.agents.sb3.from_network import set_normalizer
from rlsys.agents.settings import Sb3Settings
from rlsys.agents.spaces import has_items, image_transform
from rlsys.errors import UserError
from rlsys.network import Network, Transform

Array = NDArray[Any]


class PolicyView(VecEnvWrapper):
    """Flat, transformed observations, and actions in the policy's own units.

    Observations are flattened here and not by SB3, which would take bytes of three dimensions for
    an image and move its channels. The portable network flattens in the same order.

    Args:
        env: the environment.
        flat: whether to flatten observations; otherwise they stay as they are.
        transform: applied to flat observations, as by the portable network; None: none.
        scale: from the policy's actions to the environment's; None: they are the same.
    """

    def __init__(
        self,
        env: VecEnv,
        *,
        flat: bool,
        transform: Transform | None = None,
        scale: ActionScale | None = None,
    ) -> None:
        space = env.observation_space
        if flat:
            size = int(np.prod(space.shape or ()))
            space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
        action_space = env.action_space if scale is None else scale.space
        super().__init__(env, observation_space=space, action_space=action_space)
        self._flat, self._transform, self._scale = flat, transform, scale

    def reset(self) -> Array:
        """Start an episode in every copy; returns observations (num_envs, ...)."""
        first: Any = self.venv.reset()
        return self._seen(first)

    def step_async(self, actions: Array) -> None:
        """Begin a step with the policy's actions (num_envs, ...)."""
        self.venv.step_async(actions if self._scale is None else self._scale.apply(actions))

    def step_wait(self) -> VecEnvStepReturn:
        """Finish the step; the infos' last observations are seen in the same way."""
        observations, rewards, done, infos = self.venv.step_wait()
        for copy in np.flatnonzero(done):
            last = infos[copy]["terminal_observation"]
            infos[copy]["terminal_observation"] = self._seen(np.asarray(last)[None])[0]
        return self._seen(observations), rewards, done, infos

    def _seen(self, observations: Any) -> Array:
        if not self._flat:
            return np.asarray(observations)
        flat = np.asarray(observations, dtype=np.float32).reshape(len(observations), -1)
        return flat if self._transform is None else self._transform(flat)


@dataclass(frozen=True)
class View:
    """What the algorithm learns in.

    Attributes:
        env: the environment with everything around it.
        items: whether the observation is a list of items.
        normalizer: normalises observations or rewards, or None.
        transform: the fixed transform of the observations, or None.
        scale: from the policy's actions to the environment's; None: they are the same.
    """

    env: VecEnv
    items: bool
    normalizer: VecNormalize | None
    transform: Transform | None
    scale: ActionScale | None


def view_of(
    env: Sb3VecEnv,
    settings: Sb3Settings,
    start: Network | None,
    *,
    scaled: bool = False,
    squashed: bool = False,
) -> View:
    """Return the environment as the settings, and the network to start from, want it seen.

    Args:
        env: the environment.
        settings: of the agent.
        start: the network to start from; None: a fresh one.
        scaled: whether the policy sees continuous actions in its own units.
        squashed: whether its actions pass through tanh; it then scales them itself.

    Raises:
        UserError: observations cannot be normalised, or not as `start` needs it.
    """
    space = env.vector_env.single_observation_space
    items = has_items(env.vector_env)
    normalised = settings.normalize_observations
    known = None if start is None else start.transform
    _check_normalisation(items, normalised, start)
    transform = None
    if not (items or normalised):
        transform = image_transform(space) if start is None else known
    action_space = env.vector_env.single_action_space
    counted = (space.shape or (0,))[0] if items else 0
    scale = None if squashed else action_scale(action_space, items=counted, scaled=scaled)
    flat = not items and (len(space.shape or ()) != 1 or transform is not None)
    top: VecEnv = env
    if flat or scale is not None:
        top = PolicyView(env, flat=flat, transform=transform, scale=scale)
    normalizer = None
    if normalised or settings.normalize_rewards:
        normalizer = VecNormalize(
            top,
            norm_obs=normalised,
            norm_reward=settings.normalize_rewards,
            gamma=settings.gamma,
        )
        if normalised and start is not None and known is not None:
            set_normalizer(normalizer, known, start.notes)
    return View(normalizer or top, items, normalizer, transform, scale)


def _check_normalisation(items: bool, normalised: bool, start: Network | None) -> None:
    if items and normalised:
        raise UserError(
            "normalize_observations must be false for observations of items: scaling must not "
            "depend on an item's position; scale the features in the environment"
        )
    if start is None:
        return
    if items and start.transform is not None:
        raise UserError(
            "the network to start from transforms items, which this agent's policies cannot; start "
            "without it"
        )
    if normalised and start.transform is None:
        raise UserError(
            "the network to start from was trained without normalize_observations; set it to "
            "false, or start without the network"
        )
