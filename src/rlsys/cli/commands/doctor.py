"""`rlsys doctor`: check everything that could be missing or broken, and say how to fix it.

The core brings agents and exporters whose packages come with an extra. Where nobody asked for the
extra they are not installed, which is no fault. It is one if the environment of an installed plugin
names them: by default, or in a preset.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from typing import Any

import click

from rlsys.cli.options import json_option, pass_work
from rlsys.errors import ExitCode, RlsysError
from rlsys.plugins.registry import Registry
from rlsys.plugins.workplace import Workplace


@click.command("doctor")
@json_option
@click.pass_context
@pass_work
def command(work: Workplace, /, ctx: click.Context, as_json: bool) -> None:
    """Check every plugin and external tool; exit with code 1 if something needs fixing."""
    checks = list(_checks(work.registry))
    healthy = all(check["ok"] for check in checks)
    if as_json:
        from rlsys.cli.output import print_json

        print_json({"schema": "rlsys.doctor/2", "ok": healthy, "checks": checks})
    else:
        for check in checks:
            click.echo(f"{_mark(check)} {check['what']}: {check['found']}")
            if check["fix"]:
                click.echo(f"     {check['fix']}")
    ctx.exit(ExitCode.OK if healthy else ExitCode.USER_ERROR)


def _mark(check: Mapping[str, Any]) -> str:
    if not check["ok"]:
        return "FIX "
    return "-   " if check["found"].startswith("not installed") else "ok  "


def _checks(registry: Registry) -> Iterator[dict[str, Any]]:
    for plugin in registry.manager.plugins:
        blocked = plugin.status == "blocked"
        yield _check(
            f"plugin {plugin.name}",
            blocked or plugin.error is None,
            plugin.error or plugin.status,
            f"fix {plugin.location}, or leave out --plugin-file"
            if plugin.distribution == "(file)"
            else f"pip install --upgrade {plugin.distribution}, or leave it out: "
            f"--no-plugin {plugin.name}",
        )
    needed = _needed(registry)
    for family in registry.families:
        for name in family:
            spec = family.get(name)
            built_in = family.entries[name].plugin.distribution == "rlsys"
            by = needed.get((family.kind, name), "")
            yield from _described(family.kind, name, spec, by=by, optional=built_in and not by)


def _needed(registry: Registry) -> dict[tuple[str, str], str]:
    """Return what environments of installed plugins name, each with the first environment."""
    found: dict[tuple[str, str], str] = {}
    for name in registry.environments:
        spec = registry.environments.get(name)
        if registry.environments.entries[name].plugin.distribution == "rlsys":
            continue
        found.setdefault(("agent", spec.agent), name)
        for resource in spec.presets.values():
            for key in _named_in(resource):
                found.setdefault(key, name)
    return found


def _named_in(resource: str) -> Iterator[tuple[str, str]]:
    """Yield the agents and exporters that a preset does not call optional."""
    from rlsys.config.document import load_resource

    try:
        data = load_resource(resource).data
    except RlsysError:  # reported with its environment
        return
    for key, kind in (("agents", "agent"), ("exports", "exporter")):
        named = data.get(key) if isinstance(data, Mapping) else None
        for name in named if isinstance(named, Mapping | list) else ():
            settings = named[name] if isinstance(named, Mapping) else None
            if not (isinstance(settings, Mapping) and settings.get("optional")):
                yield kind, str(name)


def _described(
    kind: str, name: str, spec: Any, *, by: str, optional: bool
) -> Iterator[dict[str, Any]]:
    """Yield the checks of a description.

    Args:
        by: the environment that names it; may be empty.
        optional: whether it may lack what it needs.
    """
    from rlsys.plugins.requirements import is_met

    requirements = getattr(spec, "requires", ())
    missing = [requirement for requirement in requirements if not is_met(requirement)]
    if missing:
        lacks = f"lacks {', '.join(r.name for r in missing)}"
        fix = "; ".join(dict.fromkeys(requirement.fix for requirement in missing))
        found = (
            f"not installed: {lacks}" if optional else lacks + (f"; {by} needs it" if by else "")
        )
        yield {**_check(f"{kind} {name}", optional, found, fix), "fix": fix}
        return
    fault = _reference_fault(spec)
    found = fault or "has what it needs"
    yield _check(f"{kind} {name}", not fault, found, "report this to the author of the plugin")
    wanted = [requirement for requirement in getattr(spec, "wants", ()) if not is_met(requirement)]
    for requirement in wanted:
        check = _check(f"{kind} {name}", True, f"can do more with {requirement.name}", "")
        yield {**check, "fix": requirement.fix}


_REFERENCES = (
    "config",
    "vector_env",
    "env",
    "agent_for",
    "cases",
    "application",
    "factory",
    "ready",
    "command",
)


def _reference_fault(spec: Any) -> str | None:
    """Return what is wrong with the code and files that a description refers to, or None."""
    from rlsys.config.document import load_resource
    from rlsys.descriptors import resolve

    references = [getattr(spec, name, None) for name in _REFERENCES]
    parts = (*getattr(spec, "baselines", ()), *getattr(spec, "figures", ()))
    references += [part.factory for part in (*parts, getattr(spec, "oracle", None)) if part]
    references += [r.check for r in (*getattr(spec, "requires", ()), *getattr(spec, "wants", ()))]
    for reference in filter(None, references):
        module = reference.partition(":")[0]
        try:
            if importlib.util.find_spec(module) is None:
                return f"there is no module {module!r}"
            resolve(reference)
        except RlsysError as error:
            return str(error)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - any error is a finding
            return f"{reference}: {type(error).__name__}: {error}"
    for resource in getattr(spec, "presets", {}).values():
        try:
            load_resource(resource)
        except RlsysError as error:
            return str(error)
    return None


def _check(what: str, ok: bool, found: str, fix: str) -> dict[str, Any]:
    return {"what": what, "ok": ok, "found": found, "fix": "" if ok else fix}
