"""Watches a batched environment while it is played, so that nothing wrong in it stays silent.

Every environment that rlsys makes for a training, an evaluation or an export passes through here.
A broken promise (an observation outside its space, NaN, a missing metric, an episode that never
ends) and an exception of the environment's own code become one line that says where it happened
and what to do.  The checks are a few array operations per step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from rlsys.adapters.bounds import Bounds
from rlsys.batched import final_metric
from rlsys.errors import EnvironmentFault, RlsysError, UserError, one_line

Array = NDArray[Any]

LONGEST_EPISODE = 100_000
_SPACES = ("single_observation_space", "single_action_space")


class MissingSpace(EnvironmentFault, AttributeError):
    """A space that is asked for and that the environment does not have."""


@dataclass
class Counts:
    """What was seen while an environment was played.

    Attributes:
        observations: number of observations.
        clipped: how many of them were beyond their bounds and were clipped.
    """

    observations: int = 0
    clipped: int = 0


@dataclass(frozen=True)
class Watch:
    """What to check, and what to do when it happens.

    Attributes:
        name: of the environment, for messages.
        metrics: names that ``final_info`` must have when an episode ends.
        longest_episode: steps after which an episode counts as one that never ends.
        clip: whether observations beyond their bounds are clipped instead of refused.
    """

    name: str
    metrics: tuple[str, ...] = ()
    longest_episode: int = LONGEST_EPISODE
    clip: bool = False


class WatchedEnv:
    """A batched environment whose steps are checked; in all else it is the environment itself.

    Attributes, methods and the class are those of the environment inside, so ``isinstance`` and
    optional methods such as ``action_masks`` work as they do without it.

    Args:
        env: batched environment, see `rlsys.descriptors.EnvironmentSpec.vector_env`.
        watch: what to check.
        counts: is added to.
        between_steps: called before every step; may raise to stop.
    """

    _env: Any
    _watch: Watch
    _counts: Counts
    _between_steps: Callable[[], None]
    _bounds: dict[str, Bounds]
    _parts: dict[str, tuple[int, ...]]
    _seeds: Sequence[Any]
    _begun: NDArray[np.int64]
    _steps: int

    def __init__(
        self, env: Any, watch: Watch, counts: Counts, between_steps: Callable[[], None]
    ) -> None:
        own = object.__setattr__  # see __setattr__
        own(self, "_env", env)
        own(self, "_watch", watch)
        own(self, "_counts", counts)
        own(self, "_between_steps", between_steps)
        own(self, "_bounds", {})
        own(self, "_parts", {})
        own(self, "_seeds", ())
        own(self, "_begun", np.zeros(env.num_envs, dtype=np.int64))
        own(self, "_steps", 0)

    @property
    def __class__(self) -> Any:
        return self._env.__class__

    @__class__.setter
    def __class__(self, _: Any) -> None:  # mypy wants both
        raise AttributeError("the class cannot be changed")

    @property
    def called(self) -> str:
        """How messages name it, see `rlsys.errors.name_of`."""
        return str(getattr(self._env, "called", self._watch.name))

    def __getattr__(self, name: str) -> Any:
        if name in WatchedEnv.__annotations__:  # before __init__, such as in a copy that is made
            raise AttributeError(name)
        if name == "fixed_point_observations" and self._watch.clip:
            return self._clipped_fixed_point
        try:
            return getattr(self._env, name)
        except AttributeError as error:
            if name in _SPACES:
                raise MissingSpace(
                    f"environment {self._watch.name!r} has no {name}, which this agent needs; "
                    "choose an agent that does without, or give the environment its spaces"
                ) from error
            raise

    def __setattr__(self, name: str, value: Any) -> None:
        if name in WatchedEnv.__annotations__:
            object.__setattr__(self, name, value)
        else:
            setattr(self._env, name, value)

    def reset(self, **arguments: Any) -> tuple[Array, Mapping[str, Any]]:
        """Start an episode in every copy.

        Raises:
            EnvironmentFault: the environment failed or returned what it must not return.
        """
        self._between_steps()
        seed = arguments.get("seed")
        many = isinstance(seed, Sequence | np.ndarray)
        self._seeds = () if seed is None else list(seed) if many else [seed]
        self._begun[:] = 0
        self._steps = 0
        try:
            result = self._env.reset(**arguments)
        except Exception as error:  # noqa: BLE001 - any error of the environment is its fault
            self._raise(error, "reset()")
        if not isinstance(result, tuple) or len(result) != 2:
            self._fail("reset() must return (observations, infos)", "correct its return value")
        return self._seen(result[0]), result[1]

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, Mapping[str, Any]]:
        """Do one step in every copy.

        Raises:
            EnvironmentFault: see `reset`; also if an episode does not end.
        """
        self._between_steps()
        self._steps += 1
        try:
            result = self._env.step(actions)
        except Exception as error:  # noqa: BLE001 - any error of the environment is its fault
            self._raise(error, "step()")
        if not isinstance(result, tuple) or len(result) != 5:
            self._fail(
                "step() must return (observations, rewards, terminated, truncated, infos)",
                "correct its return value",
            )
        observations, rewards, terminated, truncated, infos = result
        if not self._usual(rewards, terminated, truncated):
            rewards = self._rewards(rewards)
            terminated = self._flags("terminated", terminated)
            truncated = self._flags("truncated", truncated)
        done = terminated | truncated
        if done.any():
            infos = self._ended(done, infos)
            self._begun[done] = self._steps
        elif self._steps >= self._watch.longest_episode:
            self._check_ages()
        return self._seen(observations), rewards, terminated, truncated, infos

    def _seen(self, observations: Any) -> Array:
        """Return the observations, clipped if they must be.

        Raises:
            EnvironmentFault: one has the wrong shape or type, or lies outside its space.
        """
        bounds = self._bounds_now()
        try:
            found = bounds.checked(observations)
        except ValueError as error:
            self._fail(str(error), "correct the observation or its space")
        self._counts.observations += len(found)
        if bounds.holds(found):
            return found
        return self._beyond(bounds, found)

    def _beyond(self, bounds: Bounds, found: Array) -> Array:
        copy, place, value, what = bounds.first_fault(found)
        if what is None:
            self._fail(
                f"observation{place} is {value}",
                "observations must be finite numbers",
                copy,
            )
        if not self._watch.clip:
            self._fail(
                f"observation{place} = {value:.6g} is {what}",
                "correct the observation space, or clip with --set playing.beyond_bounds=clip",
                copy,
            )
        self._counts.clipped += bounds.count_faults(found)
        return bounds.clip(found)

    def _bounds_now(self) -> Bounds:
        """Return the bounds of the next observations: with roles, those of the acting role."""
        name = getattr(self._env, "acting", "")
        found = self._bounds.get(name)
        if found is None:
            space, agents = getattr(self._env, "single_observation_space", None), None
            for role in getattr(self._env, "roles", ()):
                if role.name == name:
                    space, agents = role.observation_space, role.agents
            found = self._bounds[name] = Bounds(space, self._env.num_envs, agents)
        return found

    def _usual(self, rewards: Any, *flags: Any) -> bool:
        """Return whether the results of a step are certainly right, which takes least time."""
        shape = self._begun.shape
        return (
            type(rewards) is np.ndarray
            and rewards.shape == shape
            and rewards.dtype.kind == "f"
            and all(
                type(flag) is np.ndarray and flag.shape == shape and flag.dtype.kind == "b"
                for flag in flags
            )
            and math.isfinite(rewards.sum())
        )

    def _rewards(self, rewards: Any) -> Array:
        found = np.asarray(rewards)
        if found.shape != self._begun.shape or found.dtype.kind not in "fiub":
            self._fail(
                f"the rewards have shape {found.shape} and dtype {found.dtype}",
                f"return numbers of shape {self._begun.shape}",
            )
        finite = np.isfinite(found)
        if not finite.all():
            copy = int(np.flatnonzero(~finite)[0])
            self._fail(f"the reward is {found[copy]}", "rewards must be finite numbers", copy)
        return found

    def _flags(self, name: str, flags: Any) -> NDArray[np.bool_]:
        found = np.asarray(flags)
        if found.shape != self._begun.shape or found.dtype != np.bool_:
            self._fail(
                f"{name} has shape {found.shape} and dtype {found.dtype}",
                f"return bool of shape {self._begun.shape}",
            )
        return found

    def _ended(self, done: NDArray[np.bool_], infos: Mapping[str, Any]) -> Mapping[str, Any]:
        """Check what belongs to the end of an episode; return the infos, clipped if they must be.

        Raises:
            EnvironmentFault: a metric is missing, not finite or has another shape than before, or
                the last observation is wrong.
        """
        final: Mapping[str, Any] = infos.get("final_info") or {}
        for metric in self._watch.metrics:
            if metric not in final:
                self._fail(
                    f"an episode ended without its metric {metric!r}",
                    "put it into infos['final_info'], or take it out of the description's metrics",
                    int(np.flatnonzero(done)[0]),
                )
            shape = np.shape(final[metric])
            if shape[:1] != done.shape:
                self._fail(
                    f"the metric {metric!r} has shape {shape}",
                    f"return one value per copy: ({len(done)}, ...)",
                )
            try:
                values = final_metric(infos, metric, done)
            except UserError as error:
                raise EnvironmentFault(f"{self._where(None)}: {error}") from error
            parts = self._parts.setdefault(metric, values.shape[1:])
            if values.shape[1:] != parts:
                self._fail(
                    f"the metric {metric!r} has the shape {values.shape[1:]} in one episode and "
                    f"{parts} in earlier ones",
                    "give it one shape",
                    int(np.flatnonzero(done)[0]),
                )
            for copy, value in zip(np.flatnonzero(done), values, strict=True):
                if not np.isfinite(value).all():
                    self._fail(
                        f"the metric {metric!r} is {value}", "metrics must be finite", int(copy)
                    )
        return self._final_observations(done, infos)

    def _final_observations(
        self, done: NDArray[np.bool_], infos: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        last = infos.get("final_obs")
        bounds = self._bounds_now()
        if last is None or bounds.agents is not None:
            return infos
        kept = [np.asarray(last[copy]) for copy in np.flatnonzero(done)]
        try:
            found = bounds.checked(np.stack(kept), len(kept))
        except ValueError as error:
            self._fail(f"final_obs: {error}", "correct the observation or its space")
        if bounds.holds(found):
            return infos
        own = np.array(last)
        for copy, value in zip(np.flatnonzero(done), self._beyond(bounds, found), strict=True):
            own[copy] = value
        return {**infos, "final_obs": own}

    def _check_ages(self) -> None:
        oldest = int(np.argmin(self._begun))
        steps = self._steps - int(self._begun[oldest])
        if steps >= self._watch.longest_episode:
            self._fail(
                f"the episode has not ended after {steps} steps",
                "let the environment truncate it, or allow more with "
                "--set playing.longest_episode=N",
                oldest,
            )

    def _clipped_fixed_point(self, fractional_bits: int) -> Array:
        found: Array = self._env.fixed_point_observations(fractional_bits)
        return self._bounds_now().clip_fixed_point(found, fractional_bits)

    def _where(self, copy: int | None) -> str:
        if copy is None:
            return f"environment {self._watch.name!r}, step {self._steps}"
        # The seed tells the episode only until the copy's first one has ended.
        first = self._begun[copy] == 0 and copy < len(self._seeds)
        seed = f", seed {self._seeds[copy]}" if first else ""
        return f"environment {self._watch.name!r}, copy {copy}{seed}, step {self._steps}"

    def _fail(self, what: str, fix: str, copy: int | None = None) -> NoReturn:
        raise EnvironmentFault(f"{self._where(copy)}: {what}; {fix}")

    def _raise(self, error: Exception, where: str) -> NoReturn:
        """Say that the environment's own code failed, unless it said so itself."""
        if isinstance(error, RlsysError):
            raise error
        raise EnvironmentFault(
            f"{self._where(None)}: its {where} raised {one_line(error)}; "
            f"correct the environment ({TRACEBACK})"
        ) from error


TRACEBACK = "its traceback: error.log in the run directory, or here with RLSYS_TRACEBACK=1"
