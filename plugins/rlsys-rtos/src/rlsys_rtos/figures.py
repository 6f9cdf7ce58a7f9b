"""The chart that a run draws: one episode of the learned policy, or of the optimum."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rlsys.controllers import Controller, NetworkController
from rlsys.errors import UserError
from rlsys.seeds import evaluation_seeds
from rlsys_rtos import gantt as chart
from rlsys_rtos.config import RtosConfig


def gantt(case: str, config: RtosConfig, controllers: Mapping[str, Controller], path: Path) -> None:
    """Draw the first held-out episode of the first learned policy, or else of the optimum.

    Raises:
        UserError: there is nothing to draw.
    """
    learned = [n for n, c in controllers.items() if isinstance(c, NetworkController)]
    chosen = (learned or list(controllers))[:1]
    if not chosen:
        raise UserError(f"{case}: no controller to draw")
    (seed,) = evaluation_seeds(1)
    chart.save(config, controllers[chosen[0]], f"{case}: {chosen[0]}", path, seed=seed)
