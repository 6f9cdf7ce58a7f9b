"""The built-in executor, described through the same hook as everyone else's.

This module is imported whenever the command line starts: descriptions only.
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
