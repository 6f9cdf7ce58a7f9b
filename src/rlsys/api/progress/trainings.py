"""How far each running training is, from its lines of metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class Training:
    """One agent of one training.

    Attributes:
        step: environment steps done, of `total`.
        rate: steps per second since it was first seen; None: not known yet.
        reward: the last one reported.
    """

    name: str
    step: int
    total: int
    rate: float | None = None
    reward: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """Estimated time until its end."""
        return (self.total - self.step) / self.rate if self.rate else None


class Trainings:
    """The running trainings by name, in the order in which they were first seen.

    Args:
        several: whether there are several, which need the case and the seed in their names.
    """

    def __init__(self, several: bool) -> None:
        self.seen: dict[str, Training] = {}
        self._several = several
        self._begun: dict[str, tuple[float, int]] = {}

    def update(self, metrics: Mapping[str, Any]) -> Training:
        """Return the training that a line of metrics belongs to, brought up to date."""
        name = metrics["agent"]
        if self._several:
            name = f"{metrics['case']} seed {metrics['seed']} {name}"
        step, now = metrics["step"], metrics["time"]
        began, first = self._begun.setdefault(name, (now, step))
        training = self.seen.setdefault(name, Training(name, step, metrics["total"]))
        training.step, training.total = step, metrics["total"]
        if now > began:
            training.rate = (step - first) / (now - began)
        training.reward = metrics.get("reward", training.reward)
        return training
