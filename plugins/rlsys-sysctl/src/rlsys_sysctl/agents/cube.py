"""Points of the unit cube as Optuna draws them: categories by name, all else as positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from rlsys_sysctl.workload.space import ActionSpace


def distributions(space: ActionSpace) -> dict[str, BaseDistribution]:
    """Return what a sampler draws from, by coordinate: categories, and positions in [0, 1]."""
    drawn: dict[str, BaseDistribution] = {}
    labels = iter(space.labels)
    for parameter in space.parameters.values():
        if not parameter.scalars:
            drawn[next(labels)] = CategoricalDistribution(parameter.values)
        for scalar in parameter.scalars:
            fixed = scalar.scale.low == scalar.scale.high and not scalar.special
            # A single value is not a dimension of the search, and has no importance.
            drawn[next(labels)] = FloatDistribution(0.5, 0.5) if fixed else FloatDistribution(0, 1)
    return drawn


def point_of(space: ActionSpace, params: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return the point (d,) of what a sampler drew."""
    coordinates = []
    for label in space.labels:
        drawn = params[label]
        if isinstance(drawn, str):
            values = space.parameters[label].values
            drawn = (values.index(drawn) + 0.5) / len(values)
        coordinates.append(drawn)
    return np.array(coordinates, dtype=np.float32)


def params_of(space: ActionSpace, point: NDArray[Any]) -> dict[str, Any]:
    """Return a point (d,) as what a sampler would have drawn."""
    params: dict[str, Any] = {}
    for label, coordinate in zip(space.labels, point.tolist(), strict=True):
        parameter = space.parameters.get(label)
        if parameter is not None and parameter.type == "categorical":
            values = parameter.values
            params[label] = values[min(int(coordinate * len(values)), len(values) - 1)]
        else:
            params[label] = coordinate
    single = {name: one for name, one in distributions(space).items() if one.single()}
    return params | {name: one.low for name, one in single.items() if hasattr(one, "low")}
