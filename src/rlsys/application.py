"""What a program on a device runs besides the policy, and what it must do there.

An environment that can be rebuilt on a device offers this through
`rlsys.descriptors.EnvironmentSpec.application`; an exporter that has a program of that name fills
it with the data, runs it, and compares what it did with `Application.trace`. So neither plugin
imports the other: they agree on the name and on the data that belongs to it.
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
        counters: running totals after each decision has been carried out, (T, ...) int64 each.
    """

    actions: NDArray[Any]
    counters: Mapping[str, NDArray[Any]]


class Application(Protocol):
    """One episode of an environment, for a program on a device to live through."""

    @property
    def name(self) -> str:
        """Which program; it determines what `data` holds."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What the program needs to know, JSON values."""

    @property
    def controllers(self) -> Mapping[str, Controller]:
        """Controllers without learning that the program has too, by the names that it uses."""

    def trace(self, controller: Controller) -> Trace:
        """Let `controller` control this episode and return what happened."""
