"""The charts that a run draws by itself: learned policy, reference and optimum on one episode."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rlsys.controllers import Controller, NetworkController
from rlsys.errors import UserError
from rlsys.seeds import evaluation_seeds
from rlsys_rtos import gantt as chart
from rlsys_rtos.config import RtosConfig


def gantt(case: str, config: RtosConfig, controllers: Mapping[str, Controller], path: Path) -> None:
    """Draw the first held-out episode: the first learned policy, or the optimum without one.

    Raises:
        UserError: nothing to draw.
    """
    learned = [n for n, c in controllers.items() if isinstance(c, NetworkController)]
    chosen = (learned or list(controllers))[:1]
    if not chosen:
        raise UserError(f"{case}: no controller to draw")
    (seed,) = evaluation_seeds(1)
    chart.save(config, controllers[chosen[0]], f"{case}: {chosen[0]}", path, seed=seed)
