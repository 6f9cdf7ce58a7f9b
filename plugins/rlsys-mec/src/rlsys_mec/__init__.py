"""Mobile edge computing: flat and hierarchical multi-agent offloading, baselines, reference."""

from rlsys.plugins import when_imported

# Listing plugins imports this package and must not import Gymnasium.
when_imported("gymnasium.envs", "rlsys_mec.registration:register")
