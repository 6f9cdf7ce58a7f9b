"""The environment under test: its description, settings, case and trajectories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from rlsys.adapters.making import make_env_of
from rlsys.config.document import Document, load_resource, validate
from rlsys.descriptors import Case, EnvironmentSpec, resolve
from rlsys.errors import ConfigError, EnvironmentFault
from rlsys.plugins.registry import Registry
from rlsys.testing.demands import fail
from rlsys.testing.playing import Moment, Player, difference, metrics_of, record

SEEDS = (3, 11, 4)
"""Seeds of the copies that are played; not consecutive, so none can be confused with another."""


@dataclass(frozen=True)
class Subject:
    """The subject of the checks: one environment with its settings.

    Attributes:
        case: the first case of the settings.
        steps: maximum number of steps of a trajectory.
        longest_episode: number of steps within which an episode must end.
    """

    registry: Registry
    spec: EnvironmentSpec
    settings: Any
    case: Case
    steps: int = 200
    longest_episode: int = 10_000

    @classmethod
    def of(
        cls,
        registry: Registry,
        environment: str,
        preset: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        **limits: int,
    ) -> Subject:
        """Return the environment with the settings of a preset and overrides."""
        spec = registry.environments.get(environment)
        try:
            base = preset_of(spec, preset or "default").section("environment")
            document = Document(dict(overrides or {}), "overrides").laid_upon(base)
            settings = validate(resolve(spec.config), document)
        except ConfigError as error:
            fail(f"the settings to test with are not valid: {error}", "correct preset or overrides")
        cases = resolve(spec.cases)(settings) if spec.cases else [Case(name="", config=settings)]
        return cls(registry, spec, settings, cases[0], **limits)

    def make(self, num_envs: int) -> Any:
        """Return a fresh batched environment."""
        return make_env_of(self.spec, self.case.config).raw(num_envs)

    def player(self, seeds: Sequence[int] = SEEDS) -> Player:
        """Return a freshly started environment with one copy per seed."""
        return Player(self.make(len(seeds)), seeds)

    @cached_property
    def unbatched(self) -> str | None:
        """Why what the factory returns is not a batch of copies, or None."""
        try:
            make_env_of(self.spec, self.case.config)(len(SEEDS)).close()
        except EnvironmentFault as error:
            return str(error)
        return None

    @cached_property
    def collects_infos(self) -> bool:
        """Whether it is one of Gymnasium's own batches, which pass on what single ones report."""
        env = self.make(1)
        env.close()
        return isinstance(getattr(env, "unwrapped", env), AsyncVectorEnv | SyncVectorEnv)

    @cached_property
    def played(self) -> tuple[Player, list[Moment]]:
        """The trajectory that most checks use, and its player."""
        player = self.player()
        moments = record(player, self.steps)
        player.env.close()
        return player, moments

    @property
    def moments(self) -> list[Moment]:
        """The steps of that trajectory."""
        return self.played[1]

    @cached_property
    def randomness(self) -> str | None:
        """What differs between two trajectories with the same seeds and actions, or None."""
        again = self.player()
        try:
            return first_difference(self.moments, record(again, self.steps))
        finally:
            again.env.close()

    @cached_property
    def unending(self) -> str | None:
        """What is wrong with how episodes end and start, or None."""
        player = self.player()
        try:
            mode = getattr(player.env, "metadata", {}).get("autoreset_mode")
            if not player.roles and mode != AutoresetMode.SAME_STEP:
                return f"metadata['autoreset_mode'] is {mode}, not AutoresetMode.SAME_STEP"
            ended = np.zeros(len(player.seeds), dtype=bool)
            while not ended.all():
                if player.steps >= self.longest_episode:
                    return f"an episode did not end within {player.steps} steps"
                moment = player.step()
                if moment.done.any():
                    fault = _ending_fault(moment, bool(player.roles))
                    if fault:
                        return f"step {player.steps} ended an episode, and {fault}"
                ended |= moment.done
            return None
        finally:
            player.env.close()


def preset_of(spec: EnvironmentSpec, name: str) -> Document:
    """Return a preset's document; empty for a ``default`` that is not listed.

    Raises:
        ConfigError: there is no such preset or file.
    """
    if name not in spec.presets:
        if name == "default":
            return Document({})
        raise ConfigError(f"{spec.name} has no preset {name!r}; it has {sorted(spec.presets)}")
    return load_resource(spec.presets[name])


def first_difference(
    ours: Sequence[Moment], theirs: Sequence[Moment], tolerance: float = 0.0
) -> str | None:
    """Return the first difference of two trajectories of the same batch, or None."""
    for index, (one, two) in enumerate(zip(ours, theirs, strict=False)):
        for copy in range(len(one.rewards)):
            fault = difference(one.row(copy), two.row(copy), tolerance)
            if fault:
                return f"in step {index + 1} of copy {copy} the {fault}"
    if len(ours) != len(theirs):
        return f"episodes end after {len(ours)} and after {len(theirs)} steps"
    return None


def _ending_fault(moment: Moment, roles: bool) -> str | None:
    done, infos = moment.done, moment.infos
    # With roles there is no final observation to check: the next role starts a new episode.
    for name in ("final_info",) if roles else ("final_obs", "final_info"):
        if name not in infos:
            return f"infos has no {name!r}"
        told = np.asarray(infos.get(f"_{name}"))
        if not np.array_equal(told, done):
            return f"infos['_{name}'] is {told}, but the copies that ended are {done}"
    if not isinstance(infos["final_info"], Mapping):
        return f"infos['final_info'] is a {type(infos['final_info']).__name__}, not a mapping"
    for name, value in metrics_of(infos).items():
        if value.ndim == 0 or len(value) != len(done):
            return f"the metric {name!r} has shape {value.shape}, not one entry per copy"
    return None
