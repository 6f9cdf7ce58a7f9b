"""Makes the batched environment of a case, whichever way its description gives it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from rlsys.adapters.parcel import Parcel, pack
from rlsys.adapters.watched import LONGEST_EPISODE, TRACEBACK, Counts, Watch, WatchedEnv
from rlsys.descriptors import EnvironmentSpec, resolve
from rlsys.errors import EnvironmentFault, RlsysError, UserError, one_line
from rlsys.rollout import MAX_COPIES

if TYPE_CHECKING:
    import gymnasium


class EnvMaker:
    """``make_env(num_envs)`` of a case, see `rlsys.rollout.MakeEnv`; every copy is watched.

    It can be pickled, without `between_steps`.

    Args:
        environment: description.
        config: the case's.
        longest_episode: steps after which an episode counts as one that never ends.
        clip: whether observations beyond their bounds are clipped instead of refused.
        copies: most copies to play at a time outside of training.
        render_mode: as in `gymnasium.make`; ``render()`` then returns one picture per copy.

    Attributes:
        counts: what all environments that were made here have seen.
        between_steps: called before every step of every environment made from now on.

    Raises:
        PluginError: the code that the description names cannot be imported.
        UserError: a `render_mode` is given, but the environment cannot be shown.
    """

    def __init__(
        self,
        environment: EnvironmentSpec,
        config: Any,
        *,
        longest_episode: int = LONGEST_EPISODE,
        clip: bool = False,
        copies: int = MAX_COPIES,
        render_mode: str | None = None,
    ) -> None:
        self.environment = environment
        self.config = config
        self.copies = copies
        self.counts = Counts()
        self.between_steps: Callable[[], None] = nothing
        self._make = _batch_maker(environment, config, render_mode)
        self._watch = Watch(
            environment.name,
            tuple(metric.name for metric in environment.metrics),
            longest_episode,
            clip,
        )

    def __call__(self, num_envs: int) -> Any:
        """Return a fresh batched environment with `num_envs` copies, watched.

        Raises:
            EnvironmentFault: the factory failed, or returned something else.
        """
        env = self.raw(num_envs)
        fault = _fault_of(env, num_envs)
        if fault:
            raise EnvironmentFault(f"environment {self.environment.name!r}: {fault}")
        return WatchedEnv(env, self._watch, self.counts, lambda: self.between_steps())

    def raw(self, num_envs: int) -> Any:
        """Return what the factory returns, as it is.

        Raises:
            EnvironmentFault: it raised an error that is not one of rlsys.
        """
        try:
            return self._make(num_envs)
        except RlsysError:
            raise
        except Exception as error:
            raise EnvironmentFault(
                f"environment {self.environment.name!r}: making {num_envs} copies raised "
                f"{one_line(error)}; correct the environment, or use "
                f"fewer copies with --set playing.copies=1 ({TRACEBACK})"
            ) from error

    def packed(self) -> Parcel:
        """Return this maker for another process, where it makes the same environments.

        Raises:
            UserError: it cannot be sent there.
        """
        spec = self.environment
        references = (spec.config, spec.vector_env, spec.env)
        modules = {reference.partition(":")[0] for reference in references if reference}
        try:
            return pack(self, {*modules, type(self.config).__module__})
        except Exception as error:
            raise UserError(
                f"environment {spec.name!r} cannot be sent to another process ({one_line(error)}); "
                "define its settings and its factory at the top of a module"
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "between_steps": nothing}


def _batch_maker(
    environment: EnvironmentSpec, config: Any, render_mode: str | None
) -> Callable[[int], Any]:
    """Return ``make(num_envs)`` without any check."""
    if environment.env is not None:
        from rlsys.adapters.existing.batches import BatchMaker  # late: needs Gymnasium

        return BatchMaker(environment, config, render_mode)
    if environment.spaces is not None:
        from rlsys.adapters.spaces_only import SpacesOnly  # late: needs Gymnasium

        return partial(SpacesOnly, environment.name, resolve(environment.spaces)(config))
    assert environment.vector_env is not None
    factory = resolve(environment.vector_env)
    if render_mode is None:
        return partial(factory, config)
    if "render_mode" not in inspect.signature(factory).parameters:
        raise UserError(
            f"{environment.name} cannot be shown: {environment.vector_env} takes no `render_mode`; "
            "its figures show what a policy does"
        )
    return partial(factory, config, render_mode=render_mode)


def nothing() -> None:
    """Do nothing between steps."""


def _fault_of(env: Any, num_envs: int) -> str | None:
    """Return what is wrong with the result of a factory, or None."""
    kind = type(env).__name__
    if not hasattr(env, "num_envs"):
        if hasattr(env, "possible_agents"):
            return (
                f"its factory returned {kind}, a PettingZoo environment; describe it with roles "
                "(rlsys.roles), or run it with `rlsys run gymnasium --set id=pettingzoo:...`"
            )
        if hasattr(env, "step") and hasattr(env, "action_space"):
            return (
                f"its factory returned {kind}, a single environment; name it with `env` instead "
                "of `vector_env` in the description, and rlsys makes the copies"
            )
        return f"its factory returned {kind}, not a batched environment (gymnasium VectorEnv)"
    if env.num_envs != num_envs:
        return (
            f"its factory returned {env.num_envs} copies where {num_envs} were asked for; return "
            "as many, or ask for fewer with --set playing.copies=N and --set agents.NAME.num_envs=N"
        )
    return None


def make_env_of(environment: EnvironmentSpec, config: Any, **limits: Any) -> EnvMaker:
    """Return ``make_env(num_envs)`` for a case's `config`; see `EnvMaker`."""
    return EnvMaker(environment, config, **limits)


def single_env_of(
    environment: EnvironmentSpec, config: Any, render_mode: str | None = None
) -> gymnasium.Env[Any, Any]:
    """Return one environment with a network's observations and actions, as a `gymnasium.Env`.

    Its last observation and picture of an episode are shown before the next episode starts, unlike
    those of a batch. Gymnasium's wrappers, such as `RecordVideo`, work on it.

    Raises:
        PluginError, UserError: as `EnvMaker`; or the environment has several roles.
    """
    if environment.env is not None:
        from rlsys.adapters.existing.batches import single_env

        return single_env(environment, config, render_mode)
    from rlsys.adapters.single import SingleEnv

    return SingleEnv(make_env_of(environment, config, render_mode=render_mode)(1))


def reward_threshold_of(environment: EnvironmentSpec, config: Any) -> float | None:
    """Return the mean reward from which a case counts as solved; None if nobody has set one.

    It is the ``reward_threshold`` that a Gymnasium environment is registered with.
    """
    if environment.env is None:
        return None
    from rlsys.adapters.existing.batches import BatchMaker

    return BatchMaker(environment, config).facts.reward_threshold
