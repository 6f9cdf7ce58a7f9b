"""The steps of a run, and the run directory that they write to.

The command line and plugins that use runs from Python import from here.
"""

from __future__ import annotations

from rlsys.plugins.workplace import Workplace
from rlsys.workflow.continuing import is_done
from rlsys.workflow.exported import Exported, raise_refusals
from rlsys.workflow.exports import attempt_exports, export_policies
from rlsys.workflow.run_directory import RunDirectory
from rlsys.workflow.run_home import default_directory, newest_unfinished
from rlsys.workflow.steps import begin, export_and_publish, judge, publish, reopen, train
from rlsys.workflow.trained import fresh_controllers, load_policies

__all__ = [
    "Exported",
    "RunDirectory",
    "Workplace",
    "attempt_exports",
    "begin",
    "default_directory",
    "export_and_publish",
    "export_policies",
    "fresh_controllers",
    "is_done",
    "judge",
    "load_policies",
    "newest_unfinished",
    "publish",
    "raise_refusals",
    "reopen",
    "train",
]
