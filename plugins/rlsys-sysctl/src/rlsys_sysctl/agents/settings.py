"""Settings of the searchers: what a preset, a file or ``--set agents...`` may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Share = Annotated[float, Field(gt=0.0, lt=1.0, allow_inf_nan=False)]


class SearchSettings(BaseModel):
    """What all searchers share.

    How often a configuration is measured in full is the environment's `repeats`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    evaluations: Count = 60
    """Budget of benchmark time, in full runs.  A short run counts as its share of a full one; runs
    of the default count too, the confirmation does not."""
    short: Share | None = 0.34
    """Length of a configuration's first run as a share of a full one; null: full runs only.
    A benchmark without ``{seconds}`` has only full runs."""
    keep: Share = 0.2
    """Share of the configurations that get full runs after their short one."""
    control_every: Count = 4
    """Most runs of configurations between two of the default."""
    patience: Count | None = None
    """The search ends after this many configurations without a better one; null: never early."""
    confirm_pairs: Annotated[int, Field(strict=True, ge=4, le=1000)] = 8
    """Pairs of runs, default and winner, that confirm the winner."""
    warm_start: str | None = None
    """A run directory or study.db of an earlier search; its best configurations are tried first."""
    warm_start_trials: Count = 5
    """How many configurations `warm_start` takes."""


class OptunaSettings(SearchSettings):
    """Bayesian search with Optuna."""

    sampler: Literal["tpe", "gp"] = "tpe"
    """Tree-structured Parzen estimator (Bergstra et al., 2011), or Gaussian process; the latter
    needs torch and SciPy."""
    n_startup: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 12
    """Configurations, spread evenly over all ranges, before the model is asked."""


class RandomSettings(SearchSettings):
    """Points drawn uniformly from the unit cube."""


class GridSettings(SearchSettings):
    """Every combination of a few values, in random order."""

    evaluations: Count | None = None  # type: ignore[assignment]
    """Budget, as for the other searchers; null: until every combination has been tried."""
    levels: Annotated[int, Field(strict=True, ge=2, le=1000)] = 3
    """How many values of each number are tried, evenly spaced from smallest to largest."""
