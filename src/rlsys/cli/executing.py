"""Commands that run work units also have the options that executors add."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from rlsys.errors import PluginError
from rlsys.plugins.workplace import Workplace

_GIVEN = "rlsys.executor_options"


class ExecutingCommand(click.Command):
    """A command that also has the options of all executors."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, then those of the executors."""
        own = super().get_params(ctx)
        work = ctx.find_object(Workplace)
        if work is None:
            return own
        taken = {flag for parameter in own for flag in parameter.opts}
        added: list[click.Parameter] = []
        executors = work.registry.executors
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
                        callback=partial(_keep, option.name.replace("-", "_")),
                    )
                )
        return [*own, *added]


def _keep(name: str, ctx: click.Context, _: Any, value: str | None) -> None:
    if value is not None:
        ctx.meta.setdefault(_GIVEN, {})[name] = value


def executor_options() -> dict[str, str]:
    """Return the options of executors that the user gave to the current command."""
    given: dict[str, str] = click.get_current_context().meta.get(_GIVEN, {})
    return given
