"""Where the next configuration comes from: a model, chance, or a grid."""

from __future__ import annotations

import itertools
import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from optuna.trial import Trial

from rlsys.errors import ConfigError
from rlsys_sysctl.agents.samplers import gaussian_process, tpe, uniform
from rlsys_sysctl.agents.settings import GridSettings, OptunaSettings
from rlsys_sysctl.agents.store import Store
from rlsys_sysctl.workload.space import ActionSpace

_MOST_COMBINATIONS = 1_000_000
_REPLACEMENTS = 100
"""Random points that are tried in the place of one that breaks a constraint."""


class Proposer(Protocol):
    """Proposes trials; what is enqueued in the store comes first."""

    def propose(self, store: Store, index: int) -> tuple[Trial, NDArray[np.float32]] | None:
        """Return trial number `index` and its point (d,), or None where there are no more."""

    def count(self, space: ActionSpace) -> int | None:
        """Return how many points there are; None: no end."""


class Model:
    """Bayesian search, from a design that has tried every part of every range."""

    def __init__(self, settings: OptunaSettings, seed: int) -> None:
        self._make = gaussian_process if settings.sampler == "gp" else tpe
        self._n_startup = settings.n_startup
        self._seed = seed

    def propose(self, store: Store, index: int) -> tuple[Trial, NDArray[np.float32]]:
        """Return the next of the design, then the trial that the model expects most of."""
        tried = sum(bool(trial.user_attrs.get("design")) for trial in store.finished())
        if tried < self._n_startup and not store.waiting:
            design = latin_hypercube(store.space, self._n_startup, self._seed)
            store.enqueue(design[tried], design=True)
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


def latin_hypercube(space: ActionSpace, count: int, seed: int) -> NDArray[np.float64]:
    """Return points, shape (count, d), that divide every range, and the categories, evenly.

    With a few purely random points a category, or an end of a range, may be missed, and a model of
    noisy results then hardly ever comes back to it.  A point that breaks a constraint is replaced
    by a random one that does not, where chance finds one (McKay, Beckman and Conover, 1979).
    """
    draw = np.random.default_rng([seed, count])
    dimensions = len(space.labels)
    strata = np.stack([draw.permutation(count) for _ in range(dimensions)], axis=1)
    points: NDArray[np.float64] = (strata + draw.random((count, dimensions))) / count
    for point in points:
        for other in (point, *draw.random((_REPLACEMENTS, dimensions))):
            if not space.violations(space.to_values(other.astype(np.float32))):
                point[:] = other
                break
    return points


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
