"""The run directory on disk: its files, its status, and the versions that made it.

Everything that writes to a run, or loads one, comes in here.
"""

from __future__ import annotations

from rlsys.workflow.run_directory.directory import RunDirectory, Status

__all__ = ["RunDirectory", "Status"]
