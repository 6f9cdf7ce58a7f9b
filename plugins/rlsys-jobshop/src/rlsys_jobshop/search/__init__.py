"""Search without learning: what a learned policy must be compared with.

* `tabu`: classic job shops.
* `random_keys`: everything, also calendars and setups; seconds suffice.
* `cp_sat`: everything; exact where the instance is small.
"""

from rlsys_jobshop.search.constraint.cp_sat import CpSatResult, cp_sat
from rlsys_jobshop.search.keys.random_keys import random_keys
from rlsys_jobshop.search.n6.tabu import improve_orders, tabu

__all__ = ["CpSatResult", "cp_sat", "improve_orders", "random_keys", "tabu"]
