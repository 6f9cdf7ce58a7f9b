"""Makes the batched environment of a case, whichever way its description gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rlsys.adapters.watched import LONGEST_EPISODE, TRACEBACK, Counts, Watch, WatchedEnv, one_line
from rlsys.descriptors import EnvironmentSpec, resolve
from rlsys.errors import EnvironmentFault, RlsysError
from rlsys.rollout import MAX_COPIES


class EnvMaker:
    """``make_env(num_envs)`` of a case, see `rlsys.rollout.MakeEnv`; every copy is watched.

    It can be pickled, without `between_steps`.

    Args:
        environment: description.
        config: the case's.
        longest_episode: steps after which an episode counts as one that never ends.
        clip: whether observations beyond their bounds are clipped instead of refused.
        copies: most copies to play at a time outside of training.

    Attributes:
        counts: what all environments that were made here have seen.
        between_steps: called before every step of every environment made from now on.

    Raises:
        PluginError: the code that the description names cannot be imported.
    """

    def __init__(
        self,
        environment: EnvironmentSpec,
        config: Any,
        *,
        longest_episode: int = LONGEST_EPISODE,
        clip: bool = False,
        copies: int = MAX_COPIES,
    ) -> None:
        self.environment = environment
        self.config = config
        self.clip = clip
        self.copies = copies
        self.counts = Counts()
        self.between_steps: Callable[[], None] = nothing
        self._factory = resolve(environment.vector_env)
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
            return self._factory(self.config, num_envs)
        except RlsysError:
            raise
        except Exception as error:
            raise EnvironmentFault(
                f"environment {self.environment.name!r}: making {num_envs} copies raised "
                f"{type(error).__name__}: {one_line(str(error))}; correct the environment, or use "
                f"fewer copies with --set playing.copies=1 ({TRACEBACK})"
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "between_steps": nothing}


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
