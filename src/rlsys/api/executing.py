"""Where trainings run: the executor that a request names, and the options that executors add."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from rlsys.api.request import Request
from rlsys.config.plan import Plan
from rlsys.descriptors import ExecutorOption, resolve
from rlsys.errors import UserError, did_you_mean
from rlsys.executors.executor import Executor
from rlsys.executors.variables import variables_set
from rlsys.plugins.registry import Registry
from rlsys.plugins.requirements import check_requirements


@contextmanager
def executor_of(registry: Registry, request: Request, plan: Plan) -> Iterator[Executor]:
    """Yield the executor that runs the trainings of `plan`; meanwhile its options hold.

    Raises:
        UserError: there is no such executor, something it needs is missing, or an option was given
            that neither it nor an agent of `plan` uses.
    """
    name = request.executor
    spec = registry.executors.get(name)
    check_requirements(f"executor {name!r}", spec.requires)
    heeding = {registry.executors.entries[name].plugin.name}
    heeding |= {registry.agents.entries[agent.name].plugin.name for agent, _ in plan.agents}
    known = _options(registry)
    variables = {}
    for given, value in request.executor_options.items():
        if given not in known:
            near = {*known, *(one.name for one in fields(Request))} - {given, "executor_options"}
            raise UserError(
                f"there is no argument {given!r} here, and no executor has such an option"
                f"{did_you_mean(given, near)}"
            )
        option, owner = known[given]
        if owner not in heeding:
            flag = f"--{option.name}"
            raise UserError(
                f"{flag} is for the executor and the agents of plugin {owner!r}, but none of them "
                f"is used; choose one with --executor or --agent, or leave out {flag}"
            )
        variables[option.variable] = str(value)
    with variables_set(variables):
        executor: Executor = resolve(spec.factory)(request.jobs)
        yield executor


def _options(registry: Registry) -> dict[str, tuple[ExecutorOption, str]]:
    """Return the options of all executors with their plugins, by name with underscores."""
    executors = registry.executors
    return {
        option.name.replace("-", "_"): (option, executors.entries[name].plugin.name)
        for name in executors
        for option in executors.get(name).options
    }
