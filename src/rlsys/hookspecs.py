"""The plugin contract: the hooks that a plugin may implement.

A plugin is a module named by an entry point of the group ``rlsys.plugins`` (or a single file given
with ``--plugin-file``) with functions decorated by `rlsys.hookimpl`.  Importing it must take only
milliseconds: it returns descriptions with ``"module:attribute"`` strings and imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pluggy

from rlsys.descriptors import (
    AgentSpec,
    CommandSpec,
    EnvironmentSpec,
    ExecutorSpec,
    ExporterSpec,
)

hookspec = pluggy.HookspecMarker("rlsys")
hookimpl = pluggy.HookimplMarker("rlsys")

API_VERSION = 1
"""Version of the contract below and of `rlsys.descriptors`. An entry module may state the version
it was written for as ``RLSYS_API_VERSION``; an rlsys with another version refuses it."""


@hookspec
def rlsys_environments() -> Sequence[EnvironmentSpec]:
    """Describe the environments that this plugin provides.

    Example::

        @rlsys.hookimpl
        def rlsys_environments():
            return [EnvironmentSpec(name="valve", ...)]

    .. versionadded:: 0.1
    """
    return cast("Sequence[EnvironmentSpec]", ())


@hookspec
def rlsys_agents() -> Sequence[AgentSpec]:
    """Describe the agents that this plugin provides.

    Example::

        @rlsys.hookimpl
        def rlsys_agents():
            return [AgentSpec(name="hill-climbing", ...)]

    .. versionadded:: 0.1
    """
    return cast("Sequence[AgentSpec]", ())


@hookspec
def rlsys_exporters() -> Sequence[ExporterSpec]:
    """Describe the export formats that this plugin provides.

    Example::

        @rlsys.hookimpl
        def rlsys_exporters():
            return [ExporterSpec(name="c-array", ...)]

    .. versionadded:: 0.1
    """
    return cast("Sequence[ExporterSpec]", ())


@hookspec
def rlsys_executors() -> Sequence[ExecutorSpec]:
    """Describe the executors that this plugin provides to run work units.

    Example::

        @rlsys.hookimpl
        def rlsys_executors():
            return [ExecutorSpec(name="batch-queue", ...)]

    .. versionadded:: 0.1
    """
    return cast("Sequence[ExecutorSpec]", ())


@hookspec
def rlsys_commands() -> Sequence[CommandSpec]:
    """Describe the subcommands that this plugin adds to ``rlsys``.

    Example::

        @rlsys.hookimpl
        def rlsys_commands():
            return [CommandSpec(name="valve", summary="...", command="valve.cli:valve")]

    .. versionadded:: 0.1
    """
    return cast("Sequence[CommandSpec]", ())


@hookspec
def rlsys_run_started(directory: Path, config: Mapping[str, Any]) -> None:
    """A run has started; `directory` exists and `config` is the resolved configuration.

    Example::

        @rlsys.hookimpl
        def rlsys_run_started(directory, config):
            print("watch", directory)

    .. versionadded:: 0.1
    """


@hookspec
def rlsys_run_metrics(directory: Path, metrics: Mapping[str, Any]) -> None:
    """Training has progressed; `metrics` is the line just added to ``metrics.jsonl``.

    It always has `time` (s since the epoch), `case`, `seed`, `agent`, `step` (environment steps
    done) and `total` (environment steps planned); the rest is what the agent reports.

    Example::

        @rlsys.hookimpl
        def rlsys_run_metrics(directory, metrics):
            send_to_dashboard(metrics)

    .. versionadded:: 0.1
    """


@hookspec
def rlsys_run_finished(directory: Path, status: str) -> None:
    """A run has ended: `status` is ``complete``, ``failed`` or ``interrupted``.

    Example::

        @rlsys.hookimpl
        def rlsys_run_finished(directory, status):
            notify(f"{directory.name}: {status}")

    .. versionadded:: 0.1
    """
