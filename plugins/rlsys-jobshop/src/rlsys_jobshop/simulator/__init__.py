"""The simulator: builds many schedules at a time, one decision per step and copy.

It does not know the validator (`rlsys_jobshop.checking`), and the validator does not know it.
"""

from rlsys_jobshop.simulator.batch import Capacity
from rlsys_jobshop.simulator.candidates import Candidates
from rlsys_jobshop.simulator.facts import Facts, facts
from rlsys_jobshop.simulator.simulator import Simulator, simulator_of

__all__ = ["Candidates", "Capacity", "Facts", "Simulator", "facts", "simulator_of"]
