"""`rlsys doctor`: check everything that could be missing or broken, and say how to fix it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import click

from rlsys.cli.context import App
from rlsys.cli.options import json_option, pass_app
from rlsys.errors import ExitCode, RlsysError


@click.command("doctor")
@json_option
@click.pass_context
@pass_app
def command(app: App, /, ctx: click.Context, as_json: bool) -> None:
    """Check every plugin and external tool; exit with code 1 if something needs fixing."""
    checks = list(_checks(app))
    healthy = all(check["ok"] for check in checks)
    if as_json:
        from rlsys.cli.output import print_json

        print_json({"schema": "rlsys.doctor/2", "ok": healthy, "checks": checks})
    else:
        for check in checks:
            click.echo(f"{'ok  ' if check['ok'] else 'FIX '} {check['what']}: {check['found']}")
            if check["fix"]:
                click.echo(f"     {check['fix']}")
    ctx.exit(ExitCode.OK if healthy else ExitCode.USER_ERROR)


def _checks(app: App) -> Iterator[dict[str, Any]]:
    registry = app.registry
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
    for family in registry.families:
        for name in family:
            yield from _described(family.kind, name, family.get(name))


def _described(kind: str, name: str, spec: Any) -> Iterator[dict[str, Any]]:
    from rlsys.plugins.requirements import is_met

    requirements = getattr(spec, "requires", ())
    missing = [requirement for requirement in requirements if not is_met(requirement)]
    if missing:
        lacks = f"lacks {', '.join(r.name for r in missing)}"
        fix = "; ".join(dict.fromkeys(requirement.fix for requirement in missing))
        yield _check(f"{kind} {name}", False, lacks, fix)
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
