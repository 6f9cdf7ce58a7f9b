"""Trials of a search as work units: each trains the pipeline on every case with every seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rlsys.executors.training_unit import SUMMARY_FILE, TrainingUnit

Line = Callable[[int, Mapping[str, Any]], None]
"""Takes the number of a trial and one line of its metrics."""


@dataclass(frozen=True)
class TrialUnit:
    """One trial: every case with every seed, one after another.

    Attributes:
        number: the trial's number in the study.
        units: its trainings; one that starts from the network of another comes after that one.
    """

    number: int
    units: tuple[TrainingUnit, ...]

    def run(
        self, emit: Callable[[Mapping[str, Any]], None], stop_requested: Callable[[], bool]
    ) -> float:
        """Train everything; return the mean `validation_reward` of the trainings."""
        for index, unit in enumerate(self.units):

            def emit_line(line: Mapping[str, Any], index: int = index) -> None:
                emit({**line, "unit": index})

            unit.run(emit_line, stop_requested)
        return sum(map(validation_reward, self.units)) / len(self.units)


def validation_reward(unit: TrainingUnit) -> float:
    """Return the validation reward of a finished training's network."""
    summary = json.loads((unit.directory / SUMMARY_FILE).read_text(encoding="utf-8"))
    return float(summary["agents"][-1]["validation_reward"])


@dataclass(frozen=True)
class Ending:
    """How a trial ended.

    Attributes:
        score: None if it did not finish.
        reason: why its training failed; None if it finished or was stopped.
    """

    number: int
    score: float | None = None
    reason: str | None = None
