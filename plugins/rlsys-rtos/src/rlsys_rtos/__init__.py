"""Scheduling periodic tasks on one processor: environment, classical schedulers, exact optimum."""

from rlsys.plugins import when_imported

# Listing plugins imports this package and must not import Gymnasium.
when_imported("gymnasium.envs", "rlsys_rtos.registration:register")
