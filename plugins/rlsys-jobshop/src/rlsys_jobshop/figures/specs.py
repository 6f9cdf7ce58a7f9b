"""The figures that a run draws: one episode of the learned policy, and all controllers compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rlsys.controllers import Controller, NetworkController
from rlsys.errors import UserError
from rlsys.seeds import evaluation_seeds
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.figures.gantt_png import gantt_png
from rlsys_jobshop.figures.utilisation import utilisation_png
from rlsys_jobshop.problem import Schedule


def gantt(
    case: str, config: JobshopConfig, controllers: Mapping[str, Controller], path: Path
) -> None:
    """Draw the first held-out episode of the first learned policy, or else of any controller.

    Raises:
        UserError: there is nothing to draw.
    """
    _require_some(case, controllers)
    learned = [name for name, one in controllers.items() if isinstance(one, NetworkController)]
    name = (learned or list(controllers))[0]
    schedule = play(config, controllers[name])
    gantt_png(schedule, path, title=f"{case}: {name}, makespan {schedule.makespan}")


def utilisation(
    case: str, config: JobshopConfig, controllers: Mapping[str, Controller], path: Path
) -> None:
    """Draw how busy each machine type is in the first held-out episode of every controller.

    Raises:
        UserError: there is nothing to draw.
    """
    _require_some(case, controllers)
    schedules = {name: play(config, one) for name, one in controllers.items()}
    utilisation_png(schedules, path, title=f"{case}: utilisation")


def play(config: JobshopConfig, controller: Controller) -> Schedule:
    """Return the schedule of the first held-out episode."""
    env = JobshopVectorEnv(config, 1)
    observations, _ = env.reset(seed=evaluation_seeds(1)[0])
    controller.reset(env)
    while (schedule := env.final_schedules[0]) is None:
        observations, *_ = env.step(controller.act(env, observations))
    return schedule


def _require_some(case: str, controllers: Mapping[str, Controller]) -> None:
    if not controllers:
        raise UserError(f"{case}: no controller to draw")
