"""Where the next configuration comes from: a model, chance, or a grid."""

from __future__ import annotations

import itertools
import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from optuna.trial import Trial

from rlsys.errors import ConfigError
from rlsys_sysctl.agents.settings import GridSettings, OptunaSettings
from rlsys_sysctl.agents.store import Store, gaussian_process, tpe, uniform
from rlsys_sysctl.parameters import ActionSpace

_MOST_COMBINATIONS = 1_000_000


class Proposer(Protocol):
    """Proposes trials; what is enqueued in the store comes first."""

    def propose(self, store: Store, index: int) -> tuple[Trial, NDArray[np.float32]] | None:
        """Return trial number `index` and its point (d,), or None where there are no more."""

    def count(self, space: ActionSpace) -> int | None:
        """Return how many points there are; None: no end."""


class Model:
    """Bayesian search."""

    def __init__(self, settings: OptunaSettings, seed: int) -> None:
        self._make = gaussian_process if settings.sampler == "gp" else tpe
        self._n_startup = settings.n_startup
        self._seed = seed

    def propose(self, store: Store, index: int) -> tuple[Trial, NDArray[np.float32]]:
        """Return the trial that the model expects most of."""
        return store.ask(self._make(self._seed, index, self._n_startup))

    def count(self, space: ActionSpace) -> None:
        """No end."""


class Chance:
    """Uniformly random points."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def propose(self, store: Store, index: int) -> tuple[Trial, NDArray[np.float32]]:
        """Return a random trial."""
        return store.ask(uniform(self._seed, index))

    def count(self, space: ActionSpace) -> None:
        """No end."""


class Grid:
    """Every combination of a few values that keeps the constraints, in random order."""

    def __init__(self, settings: GridSettings, seed: int) -> None:
        self._levels = settings.levels
        self._seed = seed
        self._points: list[NDArray[np.float32]] | None = None

    def propose(self, store: Store, index: int) -> tuple[Trial, NDArray[np.float32]] | None:
        """Return the next combination."""
        if not store.waiting:
            tried = [trial for trial in store.finished() if trial.user_attrs.get("grid")]
            points = self._all(store.space)
            if len(tried) >= len(points):
                return None
            store.enqueue(points[len(tried)], grid=True)
        return store.ask(uniform(self._seed, index))

    def count(self, space: ActionSpace) -> int:
        """Return how many combinations there are."""
        return len(self._all(space))

    def _all(self, space: ActionSpace) -> list[NDArray[np.float32]]:
        if self._points is None:
            self._points = grid_points(space, self._levels, self._seed)
        return self._points


def grid_points(space: ActionSpace, levels: int, seed: int) -> list[NDArray[np.float32]]:
    """Return the points (d,) of all combinations that differ and keep the constraints.

    Special values and categories are all among them, numbers at `levels` evenly spaced positions.

    Raises:
        ConfigError: more than a million.
    """
    axes = []
    for parameter in space.parameters.values():
        if not parameter.scalars:
            n = len(parameter.values)
            axes.append([(index + 0.5) / n for index in range(n)])
        for scalar in parameter.scalars:
            low, high = scalar.nearest(scalar.scale.low), scalar.nearest(scalar.scale.high)
            ordinary = np.linspace(low, high, levels).tolist()
            axes.append([*ordinary, *(scalar.nearest(value) for value in scalar.special)])
    total = math.prod(map(len, axes))
    if total > _MOST_COMBINATIONS:
        raise ConfigError(
            f"grid: {total:,} combinations of {levels} levels; tune fewer parameters or lower "
            "agents.grid.levels"
        )
    distinct: dict[tuple[tuple[str, str], ...], NDArray[np.float32]] = {}
    for coordinates in itertools.product(*axes):
        values = space.to_values(np.array(coordinates))
        if not space.violations(values):
            distinct.setdefault(tuple(values.items()), space.to_point(values).astype(np.float32))
    points = list(distinct.values())
    order = np.random.default_rng(seed).permutation(len(points))
    return [points[index] for index in order]
