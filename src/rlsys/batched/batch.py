"""Seeds, resets and saved states of a batch, whoever decides in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from rlsys.batched.copies import Seeds, copy_seeds
from rlsys.batched.outcome import Outcome

Array = NDArray[Any]
Copies = NDArray[np.int64]
"""Indices of some of the copies."""


class Batch(VectorEnv[Array, Array, Array]):
    """Base of `rlsys.batched.BatchedEnv` and `rlsys.batched.BatchedRolesEnv`.

    Args:
        num_envs: number of copies.

    Attributes:
        saved: names of the attributes that determine the future, besides `generators`: arrays and
            numbers. An environment that names them has ``get_state()`` and ``set_state(state)``,
            with which a resumed training is bit-identical.
        copies: the index of every copy, (num_envs,).
        generators: one per copy. The seed of a reset starts it, and all episodes until the next
            seed draw from it. So an episode depends on its copy's seed and actions alone, not on
            how the copies are batched.

    Raises:
        ValueError: there is not even one copy.
    """

    metadata: dict[str, Any] = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012
    saved: ClassVar[tuple[str, ...]] = ()
    _always_saved: ClassVar[tuple[str, ...]] = ()

    def __init__(self, num_envs: int) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs must be >= 1 (got {num_envs})")
        self.num_envs = num_envs
        self.copies: Copies = np.arange(num_envs)
        self.generators: list[np.random.Generator] = []
        self._seeded = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Without names there is nothing to save, and rlsys must see that these methods are missing.
        if cls.saved and not hasattr(cls, "get_state"):
            setattr(cls, "get_state", _get_state)  # noqa: B010 - the attribute is not declared
            setattr(cls, "set_state", _set_state)  # noqa: B010

    # --- what an environment writes

    def begin(self, copies: Copies) -> None:
        """Start an episode in some copies; draw what is random from their `generators`."""
        raise NotImplementedError(f"{type(self).__name__} needs begin(copies)")

    def observations(self) -> Array:
        """Return what is seen now, (num_envs, ...); its dtype may still be another."""
        raise NotImplementedError(f"{type(self).__name__} needs observations()")

    def metrics(self) -> Mapping[str, Any]:
        """Return the metrics of the episodes, (num_envs,) or (num_envs, parts) each.

        They are read when an episode ends, before the next one begins. The values of the other
        copies do not matter.
        """
        return {}

    def reseed(self, copies: Copies, seeds: Sequence[int | None]) -> None:
        """Seed some copies, None from the system's entropy.

        The first call is for all copies. Override it in an environment that has no `generators`.
        """
        fresh = [np.random.default_rng(seed) for seed in seeds]
        if len(copies) == self.num_envs:
            self.generators = fresh
        for copy, generator in zip(copies, fresh, strict=True):
            self.generators[copy] = generator

    # --- what it gets

    def reset(
        self, *, seed: Seeds = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start new episodes and return observations and an empty info.

        Args:
            seed: an int s seeds copy i with s + i; a list seeds each copy. A copy without a seed
                continues its random stream.
            options: ``reset_mask``, a boolean array (num_envs,): restart only these copies. Other
                options are ignored.

        Raises:
            ValueError: the number of seeds or the shape of the mask is wrong.
        """
        chosen = self.copies
        if options and "reset_mask" in options:
            chosen = np.flatnonzero(self._mask(options["reset_mask"]))
        seeds = copy_seeds(seed, self.num_envs)
        self._reseed({int(copy): seeds[copy] for copy in chosen if seeds[copy] is not None})
        self.begin(chosen)
        return self._observed(), {}

    def ensure_seeded(self) -> None:
        """Seed from the system's entropy what no reset has seeded yet; ``set_state`` calls it."""
        self._reseed({})

    def _reseed(self, seeds: Mapping[int, int | None]) -> None:
        """Seed these copies; the first time also all others."""
        if not self._seeded:
            seeds = {copy: seeds.get(copy) for copy in range(self.num_envs)}
            self._seeded = True
        if seeds:
            self.reseed(np.array(list(seeds)), list(seeds.values()))

    def _mask(self, given: Any) -> NDArray[np.bool_]:
        mask = np.asarray(given, np.bool_)
        if mask.shape != (self.num_envs,):
            raise ValueError(f"reset_mask must have shape ({self.num_envs},), not {mask.shape}")
        return mask

    def _spread(
        self, outcome: Outcome
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return rewards, terminated and truncated as new arrays, (num_envs,) each."""
        rewards = np.empty(self.num_envs, np.float64)
        terminated, truncated = np.empty(self.num_envs, np.bool_), np.zeros(self.num_envs, np.bool_)
        try:
            rewards[...], terminated[...] = outcome.rewards, outcome.terminated
            if outcome.truncated is not False:
                truncated[...] = outcome.truncated
        except ValueError as error:
            shapes = ", ".join(f"{n} {np.shape(v)}" for n, v in outcome._asdict().items())
            raise ValueError(
                f"{type(self).__name__}.advance returned the shapes: {shapes}; each must be "
                f"({self.num_envs},), or one value for all copies"
            ) from error
        return rewards, terminated, truncated

    def _observed(self) -> Array:
        """Return the observations as a new array of the space's dtype."""
        raise NotImplementedError


def require_fitting(state: Mapping[str, Any], present: Mapping[str, Any]) -> None:
    """Refuse a state whose names or shapes are not those of the `present` one.

    Raises:
        ValueError: names the difference.
    """
    if state.keys() != present.keys():
        raise ValueError(f"state must have the keys {sorted(present)}, not {sorted(state)}")
    for name, value in present.items():
        if np.shape(state[name]) != np.shape(value):
            raise ValueError(
                f"state[{name!r}] must have shape {np.shape(value)}, not {np.shape(state[name])}"
            )


def _get_state(self: Batch) -> dict[str, Any]:
    """Return copies of everything that determines the future."""
    kept = {name: deepcopy(getattr(self, name)) for name in self._always_saved + self.saved}
    return kept | {"generators": [rng.bit_generator.state for rng in self.generators]}


def _set_state(self: Batch, state: Mapping[str, Any]) -> None:
    """Continue from the result of `get_state` of an environment with as many copies.

    Raises:
        ValueError: the state does not fit this environment.
    """
    self.ensure_seeded()
    require_fitting(state, _get_state(self))
    for name in self._always_saved + self.saved:
        present = getattr(self, name)
        value = state[name]
        is_array = isinstance(present, np.ndarray)
        setattr(self, name, np.array(value, present.dtype) if is_array else type(present)(value))
    for rng, saved in zip(self.generators, state["generators"], strict=True):
        rng.bit_generator.state = saved
