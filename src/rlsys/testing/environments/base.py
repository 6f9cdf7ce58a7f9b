"""What the checks of an environment share: the environment, and when to skip a check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

import pytest

from rlsys.descriptors import EnvironmentSpec
from rlsys.testing.plugin import PluginConformance
from rlsys.testing.subject import Subject


class EnvironmentChecks(PluginConformance):
    """See `rlsys.testing.EnvironmentConformance`."""

    environment: ClassVar[str]
    preset: ClassVar[str | None] = None
    overrides: ClassVar[Mapping[str, Any]] = {}
    seeds_matter: ClassVar[bool] = True
    steps: ClassVar[int] = 200
    longest_episode: ClassVar[int] = 10_000

    @classmethod
    def subject(cls) -> Subject:
        """Return the subject; made once for all checks of a class."""
        known: Subject | None = cls.__dict__.get("_subject")
        if known is None:
            known = Subject.of(
                cls.registry(),
                cls.environment,
                cls.preset,
                cls.overrides,
                steps=cls.steps,
                longest_episode=cls.longest_episode,
            )
            setattr(cls, "_subject", known)  # noqa: B010 - not a setting of the class
        return known

    def described(self) -> EnvironmentSpec:
        """Return the environment's description."""
        return self.registry().environments.get(self.environment)

    def playable(self) -> Subject:
        """Return the subject; skips if it is costly, or is not a batch of copies."""
        subject = self.affordable()
        if subject.unbatched:
            _skip_after("test_spaces_are_declared")
        return subject

    def affordable(self) -> Subject:
        """Return the subject; skips if a step takes seconds on a real system."""
        if self.described().costly:
            pytest.skip("costly: its steps take seconds on a real system")
        return self.subject()

    def reproducible(self) -> Subject:
        """Return the subject; skips if the same seed gives different episodes."""
        subject = self.playable()
        if subject.randomness:
            _skip_after("test_the_same_seed_gives_the_same_episodes")
        return subject

    def ending(self, subject: Subject) -> Subject:
        """Return the subject; skips if its episodes do not end as required."""
        if subject.unending:
            _skip_after("test_episodes_end_and_the_next_ones_begin")
        return subject


def _skip_after(check: str) -> NoReturn:
    pytest.skip(f"meaningless until {check} passes")
