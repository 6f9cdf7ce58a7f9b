"""What commands that run work units share: the executor, and the options that executors add."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from rlsys.cli.context import App
from rlsys.descriptors import ExecutorOption, resolve
from rlsys.errors import PluginError, UserError
from rlsys.plugins.requirements import check_requirements

if TYPE_CHECKING:
    from rlsys.config.plan import Plan
    from rlsys.executors.executor import Executor


@dataclass(frozen=True)
class Place:
    """Where the user wants work units to run.

    Attributes:
        executor: its name.
        jobs: how many units run at a time; None: the executor decides.
    """

    executor: str
    jobs: int | None


class ExecutingCommand(click.Command):
    """A command that also has the options of all executors."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, then those of the executors."""
        own = super().get_params(ctx)
        app = ctx.find_object(App)
        if app is None:
            return own
        taken = {flag for parameter in own for flag in parameter.opts}
        added: list[click.Parameter] = []
        executors = app.registry.executors
        for name in executors:
            for option in executors.get(name).options:
                flag, owner = f"--{option.name}", executors.entries[name].plugin.name
                if flag in taken:
                    raise PluginError(
                        f"plugin {owner!r}: the option {flag} already exists; rename it"
                    )
                taken.add(flag)
                added.append(
                    click.Option(
                        [flag],
                        metavar=option.metavar,
                        help=option.summary,
                        expose_value=False,
                        callback=partial(_take, app, option, owner),
                    )
                )
        return [*own, *added]


def _take(
    app: App, option: ExecutorOption, owner: str, ctx: click.Context, _: Any, value: str | None
) -> None:
    if value is None:
        return
    app.given_options[f"--{option.name}"] = owner
    before = os.environ.get(option.variable)
    os.environ[option.variable] = value
    ctx.call_on_close(partial(_restore, option.variable, before))


def _restore(variable: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = before


def make_executor(app: App, place: Place, plan: Plan) -> Executor:
    """Return the executor that runs the trainings of `plan`.

    Raises:
        UserError: there is no such executor, something it needs is missing, or an option was given
            that neither it nor an agent of `plan` uses.
    """
    registry, name = app.registry, place.executor
    spec = registry.executors.get(name)
    check_requirements(f"executor {name!r}", spec.requires)
    heeding = {registry.executors.entries[name].plugin.name}
    heeding |= {registry.agents.entries[agent.name].plugin.name for agent, _ in plan.agents}
    for flag, owner in app.given_options.items():
        if owner not in heeding:
            raise UserError(
                f"{flag} is for the executor and the agents of plugin {owner!r}, but none of them "
                f"is used; choose one with --executor or --agent, or leave out {flag}"
            )
    executor: Executor = resolve(spec.factory)(place.jobs)
    return executor
