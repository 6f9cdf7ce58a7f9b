"""One episode of an environment, described so that a program on a device can run it.

An environment that can be rebuilt on a device offers this through
`rlsys.descriptors.EnvironmentSpec.application`. An exporter that has a program of that name fills
it with the data, runs it, and compares the result with `Application.trace`. Neither plugin imports
the other: they agree on the name and on the data that belongs to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from rlsys.controllers import Controller


@dataclass(frozen=True)
class Trace:
    """One episode, decision by decision.

    Attributes:
        actions: (T,) int64.
        counters: running totals after each decision took effect, (T, ...) int64 each.
    """

    actions: NDArray[Any]
    counters: Mapping[str, NDArray[Any]]


class Application(Protocol):
    """One episode of an environment, for a program on a device to run."""

    @property
    def name(self) -> str:
        """Name of the program; it determines what `data` contains."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What the program needs to know, as JSON values."""

    @property
    def controllers(self) -> Mapping[str, Controller]:
        """Non-learning controllers that the program also has, by the names it uses for them."""

    def trace(self, controller: Controller) -> Trace:
        """Run this episode under `controller` and return what happened."""
