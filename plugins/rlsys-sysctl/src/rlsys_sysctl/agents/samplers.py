"""Optuna's samplers, each made anew for a trial from the run's seed and the trial's number."""

from __future__ import annotations

import importlib.util

from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

from rlsys.errors import UserError
from rlsys.tuning import seeded


def tpe(seed: int, index: int, n_startup: int) -> BaseSampler:
    """Return the tree-structured Parzen estimator."""
    return seeded(TPESampler, seed, index, n_startup_trials=n_startup, multivariate=True)


def gaussian_process(seed: int, index: int, n_startup: int) -> BaseSampler:
    """Return the Gaussian process.

    Raises:
        UserError: torch or SciPy is missing.
    """
    missing = [name for name in ("scipy", "torch") if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"sampler 'gp': {' and '.join(missing)} missing: pip install 'rlsys-sysctl[gp]', or "
            "use 'tpe'"
        )
    return seeded(GPSampler, seed, index, n_startup_trials=n_startup)


def uniform(seed: int, index: int) -> BaseSampler:
    """Return a sampler of points drawn uniformly."""
    return seeded(RandomSampler, seed, index)
