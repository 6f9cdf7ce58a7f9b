"""Looks up descriptions by name: what the active plugins provide, and which plugin provides it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rlsys.descriptors import (
    AgentSpec,
    CommandSpec,
    EnvironmentSpec,
    ExecutorSpec,
    ExporterSpec,
)
from rlsys.errors import PluginError, UserError, did_you_mean
from rlsys.plugins.manager import LoadedPlugin, PluginManager

Spec = TypeVar("Spec", EnvironmentSpec, AgentSpec, ExporterSpec, ExecutorSpec, CommandSpec)


@dataclass(frozen=True)
class Provided(Generic[Spec]):
    """A description and the plugin that gave it."""

    spec: Spec
    plugin: LoadedPlugin


class Family(Generic[Spec]):
    """All descriptions of one kind, by name."""

    def __init__(self, kind: str, spec_type: type[Spec], plugins: Sequence[LoadedPlugin]) -> None:
        self.kind = kind
        self.plugins = plugins
        self._spec_type: type[Spec] = spec_type
        self.entries: dict[str, Provided[Spec]] = {}
        self.clashes: dict[str, str] = {}

    def accepts(self, spec: Any) -> bool:
        """Return whether `spec` is a description of this kind."""
        return isinstance(spec, self._spec_type)

    def add(self, plugin: LoadedPlugin, spec: Spec) -> None:
        """Add one description; if two plugins provide the same name, neither can be used."""
        plugin.provides.setdefault(self.kind, []).append(spec.name)
        other = self.entries.get(spec.name)
        if other is None:
            self.entries[spec.name] = Provided(spec, plugin)
            if spec.name in self.clashes:
                plugin.complain(self.clashes[spec.name])
            return
        message = (
            f"{self.kind} {spec.name!r} is provided by both {other.plugin.name!r} "
            f"({other.plugin.distribution}) and {plugin.name!r} ({plugin.distribution}); "
            "leave one out with --no-plugin or rename it"
        )
        self.clashes[spec.name] = message
        for one in {id(p): p for p in (other.plugin, plugin)}.values():
            one.complain(message)

    def get(self, name: str) -> Spec:
        """Return the description called `name`.

        Raises:
            PluginError: two plugins provide it.
            UserError: none does; the message suggests the closest name.
        """
        if name in self.clashes:
            raise PluginError(self.clashes[name])
        if name not in self.entries:
            failed = ", ".join(p.name for p in self.plugins if p.status == "failed")
            hint = f"; failed to load: {failed} (see `rlsys plugins`)" if failed else ""
            known = did_you_mean(name, self.entries)
            raise UserError(f"unknown {self.kind} {name!r}{known}{hint}")
        return self.entries[name].spec

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def __iter__(self) -> Any:
        return iter(sorted(name for name in self.entries if name not in self.clashes))


class Registry:
    """Everything that the plugins of a manager describe.

    Args:
        manager: the plugins.
        taken: names of commands that no plugin may use.
    """

    def __init__(self, manager: PluginManager, taken: Collection[str] = ()) -> None:
        self.manager = manager
        self.environments = Family("environment", EnvironmentSpec, manager.plugins)
        self.agents = Family("agent", AgentSpec, manager.plugins)
        self.exporters = Family("exporter", ExporterSpec, manager.plugins)
        self.executors = Family("executor", ExecutorSpec, manager.plugins)
        self.commands = Family("command", CommandSpec, manager.plugins)
        for name in taken:
            self.commands.clashes[name] = f"command {name!r} is built in; give yours another name"
        for hook, family in (
            ("rlsys_environments", self.environments),
            ("rlsys_agents", self.agents),
            ("rlsys_exporters", self.exporters),
            ("rlsys_executors", self.executors),
            ("rlsys_commands", self.commands),
        ):
            self._collect(hook, family)
        clashes = [
            message
            for family in self.families
            for name, message in family.clashes.items()
            if name in family.entries
        ]
        if clashes and manager.options.strict:
            raise PluginError("\n".join(clashes))

    @property
    def families(self) -> tuple[Family[Any], ...]:
        """All descriptions by kind."""
        return (
            self.environments,
            self.agents,
            self.exporters,
            self.executors,
            self.commands,
        )

    def _collect(self, hook: str, family: Family[Any]) -> None:
        described = self.manager.described(hook)
        for plugin, spec in described:
            if not family.accepts(spec) and plugin.status == "active":
                message = (
                    f"its hook {hook} returned {spec!r}, which is not a description of kind "
                    f"{family.kind!r}"
                )
                self.manager.reject(plugin, message)
        for plugin, spec in described:
            if plugin.status == "active":
                family.add(plugin, spec)
