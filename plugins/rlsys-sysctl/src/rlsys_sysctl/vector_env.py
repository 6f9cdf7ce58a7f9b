"""The environment: an action is a configuration, a step measures it on the real machine.

Behind Gymnasium's `VectorEnv`.  There is one machine, so the copies are measured one after another;
more than one copy saves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from rlsys.batched import BatchedEnv, Outcome
from rlsys.batched.batch import Copies
from rlsys.errors import UserError
from rlsys_sysctl.config import SysctlConfig
from rlsys_sysctl.measuring.meter import FULL, Measurement, Meter
from rlsys_sysctl.measuring.scoring import Score
from rlsys_sysctl.measuring.stage import Stage
from rlsys_sysctl.measuring.state_metrics import StateMetrics
from rlsys_sysctl.registration import register

METRICS = ("performance", "stability", "metric", "default_metric", "refused")
"""Means over the steps of an episode; see `rlsys_sysctl_plugin`."""
FloatArray = NDArray[np.float32]

register()  # where the package was imported without Gymnasium; see `rlsys_sysctl`


class SysctlVectorEnv(BatchedEnv):
    """N episodes of `max_steps_per_episode` configurations each.

    Observation (s + d + 1,), all within [0, 1]: the s state metrics of the workload, the point of
    the last configuration (0 at the start), and r / (1 + r) of its reward r.  Action (d,): a point
    of the unit cube (`rlsys_sysctl.workload.space.ActionSpace`).  Reward: see
    `rlsys_sysctl.measuring.scoring`.

    Args:
        config: of the machine and the workload.
        num_envs: copies.
        stage: where to measure; None: the one that this process shares.
    """

    def __init__(self, config: SysctlConfig, num_envs: int = 1, stage: Stage | None = None) -> None:
        workload = config.workload
        self.dimension = workload.space.dimension
        super().__init__(
            num_envs,
            Box(0.0, 1.0, (workload.observation_size,), np.float32),
            Box(0.0, 1.0, (self.dimension,), np.float32),
        )
        self.config = config
        self._names = workload.state_space
        self.stage = Stage.shared(config) if stage is None else stage.used()
        self.meter = Meter(self.stage, direction=workload.direction, weights=config.weights)
        self._state_metrics: StateMetrics | None = None
        self._steps = 0
        self._sums = {name: np.zeros(num_envs) for name in METRICS}
        self._last = np.zeros((num_envs, self.dimension + 1), np.float32)

    @property
    def state_metrics(self) -> StateMetrics:
        """The reader of the machine's state."""
        if self._state_metrics is None:
            self._state_metrics = StateMetrics(self._names)
        return self._state_metrics

    def reseed(self, copies: Copies, seeds: Sequence[int | None]) -> None:
        """Do nothing: a seed has no effect on a real machine."""

    def begin(self, copies: Copies) -> None:
        """Start an episode; all copies begin and end together."""
        del copies
        self._steps = 0
        self._last[:] = 0.0
        for total in self._sums.values():
            total[:] = 0.0

    def advance(self, actions: NDArray[Any]) -> Outcome:
        """Measure one configuration a copy; see the class.

        Raises:
            BenchmarkFailed: with the default configuration, so that nothing can be compared.
            UserError: no permission, another tuner, somebody changed a parameter, ...
        """
        points = np.clip(actions.astype(np.float32), 0.0, 1.0)
        rewards = np.zeros(self.num_envs)
        for copy, point in enumerate(points):
            score = self._try(copy, point)
            rewards[copy] = score.reward
            self._last[copy, :-1] = point
            self._last[copy, -1] = max(score.reward, 0.0) / (1.0 + max(score.reward, 0.0))
        self._steps += 1
        return Outcome(rewards, terminated=self._steps == self._episode_steps)

    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """Return `METRICS`."""
        return {name: total / self._steps for name, total in self._sums.items()}

    def observations(self) -> NDArray[Any]:
        """Read the machine's state and return what every copy sees; see the class."""
        state = self.state_metrics.read()
        seen = np.broadcast_to(state, (self.num_envs, len(state)))
        return np.concatenate([seen, self._last], axis=1)

    def default_points(self) -> FloatArray:
        """Return the point of the default configuration for every copy, shape (N, d)."""
        return np.repeat(self.stage.default_point()[None], self.num_envs, axis=0)

    def close_extras(self, **kwargs: Any) -> None:
        """Put the machine back as it was, unless somebody else is using it."""
        del kwargs
        self.stage.release()

    @property
    def _episode_steps(self) -> int:
        return self.config.workload.training_config.max_steps_per_episode

    def _try(self, copy: int, point: FloatArray) -> Score:
        if np.isnan(point).any():
            raise UserError("an action is NaN; the agent has diverged: lower its learning rate")
        values = self.stage.values_at(point)
        measurement = self.meter.measure(values, self.config.repeats)
        score = self.meter.score(measurement)
        metric = _mean(measurement)
        default = self.meter.default_value()
        told = {
            "performance": score.performance,
            "stability": score.stability,
            "metric": metric,
            "default_metric": 0.0 if default is None else default,
            "refused": float(measurement.failure is not None),
        }
        for name, value in told.items():
            self._sums[name][copy] += value
        return score


def _mean(measurement: Measurement) -> float:
    runs = measurement.runs.get(FULL, ())
    return float(np.mean([run.value for run in runs])) if runs else 0.0
