"""The built-in executor, described through the same hook that plugins use.

The command line imports this module at every start, so it contains only descriptions.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlsys.descriptors import ExecutorSpec
from rlsys.hookspecs import hookimpl


@hookimpl
def rlsys_executors() -> Sequence[ExecutorSpec]:
    """Describe the built-in executor."""
    return (
        ExecutorSpec(
            name="local",
            summary="this process, or processes on this machine",
            factory="rlsys.executors.local:LocalExecutor",
        ),
    )
