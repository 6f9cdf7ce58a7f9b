"""Instances to learn and to measure on: published ones by name, and random ones of every size.

`classic` and `best_known` need nothing but a name; the random ones draw from the generator that
they are given, so a seed repeats them. ``docs/plugins/jobshop-instances.md`` says where the data
come from and how the random ones are drawn.
"""

from rlsys_jobshop.instances.bounds import Bounds, best_known
from rlsys_jobshop.instances.factory import FACTORY_SIZES, FactorySize, factory
from rlsys_jobshop.instances.published import classic, classic_names, family_names
from rlsys_jobshop.instances.random_classic import random_classic, random_classic_arrays
from rlsys_jobshop.instances.random_flexible import random_flexible, random_hurink
from rlsys_jobshop.instances.taillard import taillard

__all__ = [
    "FACTORY_SIZES",
    "Bounds",
    "FactorySize",
    "best_known",
    "classic",
    "classic_names",
    "factory",
    "family_names",
    "random_classic",
    "random_classic_arrays",
    "random_flexible",
    "random_hurink",
    "taillard",
]
