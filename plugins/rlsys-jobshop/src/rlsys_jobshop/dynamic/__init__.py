"""The dynamic job shop: jobs arrive, machines break, jobs are cancelled, and the plan is renewed.

``docs/plugins/jobshop-dynamic.md`` says what an event does. `opening` and `Residual.advanced` serve
a program that follows a real shop; `simulate` plays a whole day. The environment is in
`rlsys_jobshop.dynamic.vector_env`.
"""

from rlsys_jobshop.dynamic.events import Event, JobArrives, JobCancelled, MachineBreaks
from rlsys_jobshop.dynamic.record import Record
from rlsys_jobshop.dynamic.residual import Residual, opening, residual
from rlsys_jobshop.dynamic.simulate import Outcome, Plan, Scheduler, simulate
from rlsys_jobshop.dynamic.situation import Situation

__all__ = [
    "Event",
    "JobArrives",
    "JobCancelled",
    "MachineBreaks",
    "Outcome",
    "Plan",
    "Record",
    "Residual",
    "Scheduler",
    "Situation",
    "opening",
    "residual",
    "simulate",
]
