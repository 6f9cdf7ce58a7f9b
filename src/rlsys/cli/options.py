"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rlsys.cli.numbers import Count, CountFrom
from rlsys.plugins.workplace import Workplace

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

pass_work = click.make_pass_decorator(Workplace)
"""Passes the plugins, loaded when first needed, as the first argument."""

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
    click.option("--config", metavar="FILE", help="YAML file that overrides the preset."),
    click.option(
        "--set",
        multiple=True,
        metavar="KEY=VALUE",
        help="One setting, such as agents.ppo.gamma=0.9, or a key of the environment's settings.",
    ),
)

evaluation_options = _together(
    click.option("--episodes", type=Count(), metavar="N", help="Held-out episodes per controller."),
    click.option("--no-oracle", is_flag=True, help="Do not compute the optimum."),
)

training_options = _together(
    click.option(
        "--agent",
        multiple=True,
        metavar="NAME",
        help="Agent to use instead of the preset's; repeat it to train several, each starting from "
        "the one before.",
    ),
    click.option(
        "--steps", type=Count(), metavar="N", help="Environment steps of the first agent."
    ),
    click.option(
        "--seed", type=Count(), metavar="N", help="Seed of the first training.  [default: 0]"
    ),
    click.option(
        "--seeds", type=Count(), metavar="N", help="Number of trainings, with consecutive seeds."
    ),
    click.option(
        "--jobs",
        type=CountFrom(min=1),
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


def reporting(work: Workplace, quiet: bool) -> Workplace:
    """Let `work` report progress to stderr, unless `quiet`."""
    if not quiet:
        from rlsys.api.progress import TerminalReporter  # late: it would slow down every --help

        work.reporter = TerminalReporter()
    return work
