"""The searchers by name, made from their settings."""

from __future__ import annotations

from functools import partial

from rlsys_sysctl.agents.proposers import Chance, Grid, Model
from rlsys_sysctl.agents.searcher import Searcher
from rlsys_sysctl.agents.settings import GridSettings, OptunaSettings, RandomSettings


def make_optuna(settings: OptunaSettings) -> Searcher:
    """Return the Bayesian searcher."""
    return Searcher("optuna", settings, partial(Model, settings))


def make_random(settings: RandomSettings) -> Searcher:
    """Return the random searcher."""
    return Searcher("random", settings, Chance)


def make_grid(settings: GridSettings) -> Searcher:
    """Return the searcher that tries every combination."""
    return Searcher("grid", settings, partial(Grid, settings))
