"""What is scheduled: the description of a problem, its arrays, and a schedule.

Everything else in the plugin imports from here, and this room imports nothing of the plugin.
"""

from rlsys_jobshop.problem.build import ImpossibleInstance, build
from rlsys_jobshop.problem.calendar import FOREVER, Calendar
from rlsys_jobshop.problem.clock import Clock
from rlsys_jobshop.problem.description import Description, Job, Machine, Mode, Operation, Setups
from rlsys_jobshop.problem.instance import Instance
from rlsys_jobshop.problem.schedule import Entry, Schedule

__all__ = [
    "FOREVER",
    "Calendar",
    "Clock",
    "Description",
    "Entry",
    "ImpossibleInstance",
    "Instance",
    "Job",
    "Machine",
    "Mode",
    "Operation",
    "Schedule",
    "Setups",
    "build",
]
