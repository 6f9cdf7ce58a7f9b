"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rlsys.cli.context import App

if TYPE_CHECKING:
    from rlsys.config.plan import Overrides

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

pass_app = click.make_pass_decorator(App)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")


def _together(*options: Decorator) -> Decorator:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


config_options = _together(
    click.option("--preset", metavar="NAME", help="Preset of the plugin.  [default: default]"),
    click.option("--config", "file", metavar="FILE", help="YAML file that overrides the preset."),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUE",
        help="One setting, such as agents.ppo.gamma=0.9, or a key of the environment's settings.",
    ),
)

evaluation_options = _together(
    click.option("--episodes", type=int, metavar="N", help="Held-out episodes per controller."),
    click.option("--no-oracle", is_flag=True, help="Do not compute the optimum."),
)

training_options = _together(
    click.option(
        "--agent",
        "agents",
        multiple=True,
        metavar="NAME",
        help="Agent to use instead of the preset's; repeat it to train several, each starting from "
        "the one before.",
    ),
    click.option("--steps", type=int, metavar="N", help="Environment steps of the first agent."),
    click.option("--seed", type=int, metavar="N", help="Seed of the first training.  [default: 0]"),
    click.option(
        "--seeds", type=int, metavar="N", help="Number of trainings, with consecutive seeds."
    ),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Trainings at a time, each in its own process.  [default: the executor's; 1 locally]",
    ),
    click.option(
        "--executor",
        default="local",
        show_default=True,
        metavar="NAME",
        help="Where trainings run; `rlsys plugins` lists the executors.",
    ),
    click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Run directory."),
    click.option(
        "--resume",
        is_flag=True,
        help="Continue the run in --out, or the newest unfinished one.",
    ),
)


def overrides(
    *,
    preset: str | None = None,
    file: str | None = None,
    assignments: tuple[str, ...] = (),
    agents: tuple[str, ...] = (),
    seed: int | None = None,
    seeds: int | None = None,
    episodes: int | None = None,
    no_oracle: bool = False,
) -> Overrides:
    """Convert the values of the shared options into configuration layers."""
    from rlsys.config.plan import Overrides  # late: pydantic and YAML would double every --help

    flags = {
        "seed": seed,
        "seeds": seeds,
        "evaluation.episodes": episodes,
        "evaluation.oracle": False if no_oracle else None,
    }
    given = tuple((key, value) for key, value in flags.items() if value is not None)
    return Overrides(preset, file, assignments, agents, given)
