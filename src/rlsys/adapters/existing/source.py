"""How one environment of a case is made, here or in another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium
from gymnasium import spaces
from gymnasium.vector import VectorEnv

from rlsys.adapters.existing.finding import takes
from rlsys.adapters.existing.joint import JointEnv, is_parallel, is_turn_based
from rlsys.adapters.existing.portable import PortableEnv
from rlsys.adapters.existing.settings import GymnasiumSettings
from rlsys.adapters.parcel import Parcel, pack
from rlsys.descriptors import EnvironmentSpec, resolve
from rlsys.errors import RlsysError, UserError, one_line


@dataclass(frozen=True)
class Source:
    """Makes the environments of one case.

    Attributes:
        name: of the environment's description.
        reference: ``"module:attribute"`` of ``env(config)``.
        config: the case's.
        metrics: what to take from the info of an episode's last step.
    """

    name: str
    reference: str
    config: Any
    metrics: tuple[str, ...] = ()

    @classmethod
    def of(cls, environment: EnvironmentSpec, config: Any) -> Source:
        """Return the source of a case."""
        assert environment.env is not None
        metrics = tuple(metric.name for metric in environment.metrics)
        return cls(environment.name, environment.env, config, metrics)

    @property
    def called(self) -> str:
        """How messages name the environment: by its id, or by the name of its description."""
        given = isinstance(self.config, GymnasiumSettings)
        return self.config.id if given else self.name

    @property
    def processes(self) -> int:
        """In how many processes the copies run; 0: in the one that asks."""
        return int(getattr(self.config, "processes", 0))

    def make(self, render_mode: str | None = None) -> PortableEnv | JointEnv:
        """Make one environment, translated for networks.

        Raises:
            UserError: it cannot be made, or is not one that rlsys can use.
        """
        env = self.original(render_mode)
        who = self.name if env is None else f"{self.name}: {type(unwrapped(env)).__name__}"
        if is_parallel(env):
            return JointEnv(env, who, getattr(self.config, "max_episode_steps", None))
        self._check(env, who)
        return PortableEnv(env, who)

    def original(self, render_mode: str | None = None) -> Any:
        """Make what the description's ``env`` makes."""
        factory = resolve(self.reference)
        arguments: dict[str, Any] = {}
        if render_mode is not None:
            if not takes(factory, "render_mode"):
                raise UserError(
                    f"{self.name}: {self.reference} takes no render_mode, so it cannot be shown; "
                    "give it the argument render_mode=None and hand it to the environment"
                )
            arguments["render_mode"] = render_mode
        try:
            return factory(self.config, **arguments)
        except RlsysError:
            raise
        except Exception as error:
            raise UserError(
                f"{self.name}: {self.reference} raised {one_line(error)}; it is called with the "
                "environment's settings and must return a gymnasium.Env"
            ) from error

    def packed(self) -> Parcel:
        """Return the source for another process.

        Raises:
            UserError: the settings cannot be pickled.
        """
        modules = {self.reference.partition(":")[0], type(self.config).__module__}
        try:
            return pack(self, modules)
        except Exception as error:
            raise UserError(
                f"{self.name}: its settings cannot be sent to another process "
                f"({one_line(error)}); define them at the top of a module, or use processes=0"
            ) from error

    def _check(self, env: Any, who: str) -> None:
        if isinstance(env, VectorEnv):
            fault = (
                "is a batch (a gymnasium.vector.VectorEnv); give a single environment, or describe "
                "the batch as `vector_env` in a plugin"
            )
        elif is_turn_based(env):
            fault = (
                "is a PettingZoo environment whose agents act in turn (AECEnv); give its "
                "parallel_env, in which all act at once"
            )
        elif not isinstance(env, gymnasium.Env):
            bases = {base.__module__.partition(".")[0] for base in type(env).__mro__}
            fault = (
                "is an environment of the old package 'gym'; derive it from gymnasium.Env, or wrap "
                "it with shimmy.GymV21CompatibilityV0"
                if "gym" in bases
                else f"is a {type(env).__name__}, not a gymnasium.Env; derive its class from it"
            )
        else:
            fault = _space_fault(env)
        if fault:
            raise UserError(f"{who}: {fault}")


def unwrapped(env: Any) -> Any:
    """Return the innermost environment."""
    return getattr(env, "unwrapped", env)


def _space_fault(env: gymnasium.Env[Any, Any]) -> str:
    for name in ("observation_space", "action_space"):
        space = getattr(env, name, None)
        if not isinstance(space, spaces.Space):
            return (
                f"its {name} is {space!r}; set it to a space of gymnasium.spaces in the constructor"
            )
    return ""
