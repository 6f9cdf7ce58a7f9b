"""Factories with which the core makes baselines: ``factory(config, **options)``."""

from __future__ import annotations

from rlsys_rtos.baselines.best_effort import BestEffort, BestEffortHorizon
from rlsys_rtos.baselines.priority import (
    DeadlineMonotonic,
    Edf,
    EdfSkip,
    Llf,
    RateMonotonic,
    ValueDensity,
)
from rlsys_rtos.baselines.round_robin import RoundRobin
from rlsys_rtos.config import RtosConfig


def round_robin(config: RtosConfig, quantum: int = 1) -> RoundRobin:
    """Return round robin with a quantum in ticks."""
    del config
    return RoundRobin(quantum)


def rate_monotonic(config: RtosConfig) -> RateMonotonic:
    """Return rate monotonic."""
    del config
    return RateMonotonic()


def deadline_monotonic(config: RtosConfig) -> DeadlineMonotonic:
    """Return deadline monotonic."""
    del config
    return DeadlineMonotonic()


def edf(config: RtosConfig) -> Edf:
    """Return EDF."""
    del config
    return Edf()


def llf(config: RtosConfig) -> Llf:
    """Return least laxity first."""
    del config
    return Llf()


def edf_skip(config: RtosConfig) -> EdfSkip:
    """Return EDF that skips infeasible jobs."""
    del config
    return EdfSkip()


def value_density(config: RtosConfig) -> ValueDensity:
    """Return highest value density first."""
    del config
    return ValueDensity()


def best_effort(config: RtosConfig) -> BestEffort:
    """Return the LBESA-style best-effort scheduler."""
    del config
    return BestEffort()


def best_effort_horizon(config: RtosConfig) -> BestEffortHorizon:
    """Return the best-effort scheduler that knows when the episode ends."""
    del config
    return BestEffortHorizon()
