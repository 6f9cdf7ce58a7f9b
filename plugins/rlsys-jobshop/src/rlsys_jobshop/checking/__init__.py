"""The judge of schedules: what breaks the rules, and how good a valid one is.

Everything may import from here. This room imports only `rlsys_jobshop.problem`, and above all
nothing of the simulator: the rules of ``docs/plugins/jobshop-model.md`` are written down a second
time, and both must agree.
"""

from rlsys_jobshop.checking.measures import Measures, measure
from rlsys_jobshop.checking.plain import is_plainly_valid
from rlsys_jobshop.checking.requirement import InvalidSchedule, require_valid
from rlsys_jobshop.checking.validator import violations
from rlsys_jobshop.checking.violation import Kind, Violation

__all__ = [
    "InvalidSchedule",
    "Kind",
    "Measures",
    "Violation",
    "is_plainly_valid",
    "measure",
    "require_valid",
    "violations",
]
