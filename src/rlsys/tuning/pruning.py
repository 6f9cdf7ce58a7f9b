"""What a trial has reported, and whether to continue with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna import Trial

METRIC = "validation_reward"
_POSITIONS = 1_000_000
"""Positions in the study for each agent of a training; each position is a checkpoint."""


class TrialProgress:
    """What a trial has reported: one value per checkpoint, comparable between trials.

    The value is what the trial would score if it ended here: the best validation rewards of the
    trainings so far, the present one included, divided by the number of all trainings.  (If rewards
    are negative it falls from one training to the next.  Optuna goes by a trial's highest value, so
    it then prunes only in the first training.)
    """

    def __init__(self, trial: Trial, units: int, agents: Sequence[str], every: int) -> None:
        self._trial = trial
        self._units = units
        self._agents = agents
        self._every = every
        self._best: dict[int, tuple[str, float]] = {}
        self._last = -1
        self.pruned = False

    def prunes(self, line: Mapping[str, Any]) -> bool:
        """Take in a line of metrics; return whether the trial should end here."""
        if METRIC not in line or self.pruned:
            return self.pruned
        unit, agent, reward = line["unit"], line["agent"], float(line[METRIC])
        # An agent's network is the best of its own checkpoints, whatever came before it.
        old = self._best.get(unit)
        if old is not None and old[0] == agent:
            reward = max(reward, old[1])
        self._best[unit] = (agent, reward)
        place = unit * len(self._agents) + self._agents.index(agent)
        position = place * _POSITIONS + (line["step"] // self._every if self._every else 0)
        if position > self._last and math.isfinite(reward):
            self._last = position
            self._trial.report(sum(r for _, r in self._best.values()) / self._units, position)
            self.pruned = self._trial.should_prune()
        return self.pruned
