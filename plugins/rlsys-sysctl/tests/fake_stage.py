"""A machine without a machine: benchmarks whose true result is a known function of the values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rlsys_sysctl.config import SysctlConfig
from rlsys_sysctl.measuring.meter import Run
from rlsys_sysctl.measuring.stage import Stage

ORIGINAL = {"vm.swappiness": "60", "vm.page-cluster": "3", "vm.laptop_mode": "0"}


def workload(**changed: Any) -> dict[str, Any]:
    """Return a workload over three parameters; keyword arguments replace its keys."""
    return {
        "workload_name": "fake",
        "reward_metric": "speed",
        "benchmark_command": ["true", "{seconds}"],
        "action_space": [
            {"param": "vm.swappiness", "type": "int", "min": 0, "max": 200},
            {"param": "vm.page-cluster", "type": "int", "min": 0, "max": 15},
            {"param": "vm.laptop_mode", "type": "categorical", "values": [0, 1, 2]},
        ],
        **changed,
    }


def config(repeats: int = 3, **changed: Any) -> SysctlConfig:
    """Return settings for `workload(**changed)`."""
    return SysctlConfig.model_validate({"workload": workload(**changed), "repeats": repeats})


def truth(values: Mapping[str, str]) -> float:
    """Return the speed without noise: 100 by default, 250 at best (swappiness 150, cluster 12, 2).

    The peak is narrow, so that most configurations are no better than the default.
    """
    swappiness, cluster = int(values["vm.swappiness"]), int(values["vm.page-cluster"])
    far = ((swappiness - 150) / 40) ** 2 + ((cluster - 12) / 4) ** 2
    mode = {"0": 0.6, "1": 0.4, "2": 1.0}[values["vm.laptop_mode"]]
    peak = 150 * math.exp(-far) * mode
    return 100 + peak - (5 * math.exp(-far) if values == ORIGINAL else 0)


class FakeStage(Stage):
    """Runs nothing: returns `function` of the values, with noise and drift.

    Args:
        noise: relative deviation of a full run; of a run of length f it is noise / sqrt(f).
        drift: growth of all results with each full run, relative.
    """

    def __init__(
        self,
        settings: SysctlConfig,
        function: Callable[[Mapping[str, str]], float] = truth,
        *,
        noise: float = 0.0,
        drift: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(settings)
        self.function = function
        self.noise = noise
        self.drift = drift
        self.random = np.random.default_rng(seed)
        self.clock = 0.0
        self.runs: list[tuple[dict[str, str] | None, float]] = []

    @property
    def original(self) -> dict[str, str]:
        return dict(ORIGINAL)

    def open(self) -> None:
        """There is nothing to open."""

    def run(self, values: Mapping[str, str] | None, fraction: float, seed: int) -> Run:
        del seed
        self.runs.append((None if values is None else dict(values), fraction))
        if values is not None:
            self._refuse(values)
        middle = self.clock + fraction / 2
        self.clock += fraction
        result = self.function(ORIGINAL if values is None else values)
        result *= 1 + self.drift * middle
        result *= 1 + self.noise / math.sqrt(fraction) * self.random.standard_normal()
        return Run(result, middle)

    def _refuse(self, wanted: Mapping[str, str]) -> None:
        from rlsys.errors import ConfigError
        from rlsys_sysctl.measuring.meter import Refused

        try:
            self.space.check(wanted, ORIGINAL)
        except ConfigError as error:
            raise Refused(str(error)) from error
