"""Commands that train also have the options that executors and agents add."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from rlsys.descriptors import AgentOption, ExecutorOption
from rlsys.errors import PluginError
from rlsys.plugins.registry import Registry
from rlsys.plugins.workplace import Workplace

if TYPE_CHECKING:
    from rlsys.api import Request

_EXECUTOR_OPTIONS, _SETTINGS = "rlsys.executor_options", "rlsys.settings"


class ExecutingCommand(click.Command):
    """A command that also has the options of all executors and agents."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, then those of the executors and agents."""
        own = super().get_params(ctx)
        work = ctx.find_object(Workplace)
        if work is None:
            return own
        taken = {flag for parameter in own for flag in parameter.opts}
        added: list[click.Parameter] = []
        for option, owner, callback in _options(work.registry):
            flag = f"--{option.name}"
            if flag in taken:
                raise PluginError(f"plugin {owner!r}: the option {flag} already exists; rename it")
            taken.add(flag)
            added.append(
                click.Option(
                    [flag],
                    metavar=option.metavar,
                    help=option.summary,
                    expose_value=False,
                    callback=callback,
                )
            )
        return [*own, *added]


def _options(registry: Registry) -> Iterator[tuple[ExecutorOption | AgentOption, str, Any]]:
    """Yield every option, the plugin that adds it, and what takes its value."""
    executors, agents = registry.executors, registry.agents
    for name in executors:
        for option in executors.get(name).options:
            callback = partial(_keep, _EXECUTOR_OPTIONS, option.name.replace("-", "_"))
            yield option, executors.entries[name].plugin.name, callback
    for name in agents:
        for short in agents.get(name).options:
            callback = partial(_keep, _SETTINGS, f"agents.{name}.{short.setting}")
            yield short, agents.entries[name].plugin.name, callback


def _keep(place: str, name: str, ctx: click.Context, _: Any, value: str | None) -> None:
    if value is not None:
        ctx.meta.setdefault(place, {})[name] = value


def request_of(asked: dict[str, Any]) -> Request:
    """Return what the user asks for, with the options that executors and agents have added.

    Args:
        asked: the command's own options.
    """
    from rlsys.api import Request

    meta = click.get_current_context().meta
    given = meta.get(_SETTINGS, {})
    settings = (*asked.pop("set"), given) if given else asked.pop("set")
    return Request(**asked, set=settings, executor_options=meta.get(_EXECUTOR_OPTIONS, {}))
