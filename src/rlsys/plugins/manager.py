"""Find plugins, load each on its own, and record what went wrong.

A broken plugin never takes the others down: its failure is recorded with its distribution, and
``rlsys plugins`` and ``rlsys doctor`` show it. A plugin whose import hangs blocks the process that
imports it; after some seconds stderr says which plugin it is.

Environment variables: ``RLSYS_PLUGINS`` (comma-separated: load only these installed plugins; empty:
none) and ``RLSYS_STRICT_PLUGINS=1`` (a plugin that fails is an error at once).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pluggy

from rlsys import hookspecs
from rlsys.errors import PluginError, did_you_mean

ENTRY_POINT_GROUP = "rlsys.plugins"
BUILT_IN = ("rlsys.adapters.existing", "rlsys.agents", "rlsys.exporters", "rlsys.executors")
NOTICE_AFTER = 5.0
"""Seconds after which stderr says which plugin is still being imported."""


@dataclass
class LoadedPlugin:
    """What is known about one plugin, loaded or not."""

    name: str
    distribution: str
    version: str
    location: str
    status: str = "active"
    """``active``, ``blocked`` or ``failed``."""
    error: str | None = None
    seconds: float = 0.0
    """Time that its import took."""
    provides: dict[str, list[str]] = field(default_factory=dict)
    module: Any = None

    def fail(self, error: BaseException | str) -> None:
        """Record that this plugin cannot be used and why."""
        self.status = "failed"
        self.error = error if isinstance(error, str) else f"{type(error).__name__}: {error}"

    def complain(self, message: str) -> None:
        """Record a problem with a part of a plugin that otherwise works."""
        self.error = f"{self.error}\n{message}" if self.error else message


@dataclass(frozen=True)
class PluginOptions:
    """Which plugins to load; picklable, so that worker processes load the same ones.

    Attributes:
        blocked: names of installed plugins to leave out.
        files: paths of plugins that are single files.
        only: names of the installed plugins to load; None: all.
        strict: whether a plugin that fails is an error at once.
        modules: entry modules to load even if they are not installed as plugins, as a plugin's own
            tests do.
    """

    blocked: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    strict: bool = False
    modules: tuple[str, ...] = ()

    @classmethod
    def from_environment(
        cls, blocked: Iterable[str] = (), files: Iterable[str] = ()
    ) -> PluginOptions:
        """Combine command-line flags with the environment variables."""
        listed = os.environ.get("RLSYS_PLUGINS")
        only = None
        if listed is not None:
            only = tuple(name.strip() for name in listed.split(",") if name.strip())
        strict = os.environ.get("RLSYS_STRICT_PLUGINS", "") not in ("", "0")
        return cls(tuple(blocked), tuple(str(Path(f).resolve()) for f in files), only, strict)


class PluginManager:
    """The plugins of this process and their hooks.

    Args:
        options: what to load; by default from the environment variables.

    Raises:
        PluginError: a plugin failed in strict mode, or a blocked or listed one does not exist.
    """

    def __init__(self, options: PluginOptions | None = None) -> None:
        self.options = options or PluginOptions.from_environment()
        self._manager = pluggy.PluginManager("rlsys")
        self._manager.add_hookspecs(hookspecs)
        self.plugins: list[LoadedPlugin] = []
        for module in BUILT_IN:
            self._load_built_in(module)
        self._load_installed()
        for reference in self.options.modules:
            self._load_module(reference)
        for file in self.options.files:
            self._load_file(Path(file))
        if self.options.strict:
            for plugin in self.plugins:
                self._raise_if_failed(plugin)

    def register_listener(self, listener: object) -> None:
        """Add an object of this process whose ``rlsys_run_*`` methods receive the run events."""
        self._manager.register(listener)

    @contextmanager
    def listening(self, *listeners: object) -> Iterator[None]:
        """Add listeners (see `register_listener`) as long as the block runs."""
        for listener in listeners:
            self._manager.register(listener)
        try:
            yield
        finally:
            for listener in listeners:
                self._manager.unregister(listener)

    def described(self, hook: str) -> list[tuple[LoadedPlugin, Any]]:
        """Call a describing hook of each plugin separately.

        Returns:
            (plugin, description) pairs; a plugin whose hook fails is recorded as failed.
        """
        found: list[tuple[LoadedPlugin, Any]] = []
        for plugin in self.plugins:
            if plugin.status != "active":
                continue
            try:
                specs = [spec for result in self._alone(hook, plugin.module)() for spec in result]
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the others still work
                self.reject(plugin, f"its hook {hook} failed: {type(error).__name__}: {error}")
            else:
                found.extend((plugin, spec) for spec in specs)
        return found

    def notify(self, hook: str, **arguments: Any) -> list[Exception]:
        """Call a run event of every plugin and listener; return the errors, if any."""
        failures = []
        for listener in self._manager.get_plugins():
            try:
                self._alone(hook, listener)(**arguments)
            except Exception as error:  # noqa: BLE001 - one listener must not silence the others
                failures.append(error)
        return failures

    def reject(self, plugin: LoadedPlugin, error: str) -> None:
        """Stop using a plugin.

        Raises:
            PluginError: in strict mode.
        """
        plugin.fail(error)
        self._manager.unregister(plugin.module)
        if self.options.strict:
            self._raise_if_failed(plugin)

    def _alone(self, hook: str, module: object) -> pluggy.HookCaller:
        others = self._manager.get_plugins() - {module}
        return self._manager.subset_hook_caller(hook, others)

    def _load_built_in(self, module: str) -> None:
        from rlsys import __version__

        plugin = LoadedPlugin(module, "rlsys", __version__, str(Path(__file__).parent))
        self.plugins.append(plugin)
        plugin.module = importlib.import_module(module)
        self._register(plugin)

    def _load_installed(self) -> None:
        for plugin, entry in installed_plugins(self.options):
            self.plugins.append(plugin)
            if plugin.status != "blocked":
                self._import(plugin, entry.load)

    def _load_module(self, reference: str) -> None:
        if reference not in BUILT_IN:
            plugin = LoadedPlugin(reference, "(module)", "", "")
            self.plugins.append(plugin)
            entry = importlib.metadata.EntryPoint(reference, reference, ENTRY_POINT_GROUP)
            self._import(plugin, entry.load)

    def _load_file(self, path: Path) -> None:
        plugin = LoadedPlugin(path.stem, "(file)", "", str(path))
        self.plugins.append(plugin)
        if not path.is_file():
            raise PluginError(f"--plugin-file {path}: no such file")

        def load() -> Any:
            name = path.stem
            spec = importlib.util.spec_from_file_location(name, path)
            if spec is None or spec.loader is None:
                raise PluginError(f"{path}: not a Python file; its name must end in .py")
            other = importlib.util.find_spec(name)
            if other is not None and other.origin != str(path):
                raise PluginError(f"{path}: a module {name!r} already exists; rename the file")
            module = importlib.util.module_from_spec(spec)
            # References such as "my:Env" must find the module by the file's name.
            sys.modules[name] = module
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[name]
                raise
            return module

        known = sys.modules.get(path.stem)
        if known is not None and getattr(known, "__file__", None) == str(path):
            self._import(plugin, lambda: known)
        else:
            self._import(plugin, load)

    def _import(self, plugin: LoadedPlugin, load: Callable[[], Any]) -> None:
        begin = time.perf_counter()
        notice = threading.Timer(NOTICE_AFTER, _say_who_is_slow, (plugin,))
        notice.daemon = True
        notice.start()
        try:
            plugin.module = load()
            plugin.location = plugin.location or str(getattr(plugin.module, "__file__", ""))
            self._register(plugin)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything
            plugin.fail(error)
        finally:
            notice.cancel()
        plugin.seconds = time.perf_counter() - begin

    def _register(self, plugin: LoadedPlugin) -> None:
        if self._manager.is_registered(plugin.module):
            raise PluginError("another plugin already uses this module")
        _check_api_version(plugin)
        try:
            self._manager.register(plugin.module, name=f"{plugin.distribution}:{plugin.name}")
            for caller in self._manager.get_hookcallers(plugin.module) or ():
                if not caller.has_spec():
                    raise PluginError(
                        f"unknown hook {caller.name!r}{did_you_mean(caller.name, _hook_names())}"
                    )
        except Exception:
            # Some versions of pluggy keep what they registered before the error.
            if self._manager.is_registered(plugin.module):
                self._manager.unregister(plugin.module)
            raise

    @staticmethod
    def _raise_if_failed(plugin: LoadedPlugin) -> None:
        if plugin.status == "failed":
            raise PluginError(
                f"plugin {plugin.name!r} of {plugin.distribution} failed: {plugin.error} "
                f"(RLSYS_STRICT_PLUGINS is set; --no-plugin {plugin.name} leaves it out)"
            )


def installed_plugins(
    options: PluginOptions,
) -> list[tuple[LoadedPlugin, importlib.metadata.EntryPoint]]:
    """Return the installed plugins with the status from `options`; nothing is imported.

    Raises:
        PluginError: a blocked or listed plugin is not installed.
    """
    entries = sorted(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP), key=_entry_order)
    names = [entry.name for entry in entries]
    for name in (*options.blocked, *(options.only or ())):
        if name not in names:
            hint = did_you_mean(name, names)
            raise PluginError(f"no installed plugin is called {name!r}{hint}")
    found = []
    for entry in entries:
        distribution = entry.dist
        plugin = LoadedPlugin(
            entry.name,
            distribution.name if distribution else "",
            distribution.version if distribution else "",
            "",
        )
        listed = options.only is None or entry.name in options.only
        if entry.name in options.blocked or not listed:
            plugin.status = "blocked"
        found.append((plugin, entry))
    return found


def _entry_order(entry: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return entry.name, entry.value


def _check_api_version(plugin: LoadedPlugin) -> None:
    ours = hookspecs.API_VERSION
    theirs = getattr(plugin.module, "RLSYS_API_VERSION", ours)
    if theirs == ours:
        return
    # A plugin file or a module under test has no distribution to upgrade.
    upgradable = plugin.distribution and not plugin.distribution.startswith("(")
    other = (
        f"pip install --upgrade {plugin.distribution}"
        if upgradable
        else f"update it to API version {ours}"
    )
    newer = isinstance(theirs, int) and theirs > ours
    raise PluginError(
        f"it states RLSYS_API_VERSION = {theirs!r}, but this rlsys has API version {ours}: "
        f"{'pip install --upgrade rlsys' if newer else other}"
    )


def _say_who_is_slow(plugin: LoadedPlugin) -> None:
    origin = f"of {plugin.distribution}" if plugin.distribution != "(file)" else "from a file"
    way_out = (
        f"leave out --plugin-file {plugin.location}"
        if plugin.distribution == "(file)"
        else f"--no-plugin {plugin.name} leaves it out"
    )
    print(
        f"rlsys: still importing plugin {plugin.name} {origin} ({NOTICE_AFTER:.0f} s); "
        f"Ctrl-C, then {way_out}",
        file=sys.stderr,
        flush=True,
    )


def _hook_names() -> Sequence[str]:
    return [name for name in dir(hookspecs) if name.startswith("rlsys_")]
