"""The production format: YAML or JSON with names, dates, working hours and setups.

``docs/plugins/jobshop-formats.md`` describes it. Only `rlsys_jobshop.formats` comes in here.
"""

from rlsys_jobshop.formats.production.reading import read
from rlsys_jobshop.formats.production.writing import write

__all__ = ["read", "write"]
