"""All parameters of a workload as one unit cube, which is what searchers and learners see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsys.errors import ConfigError, did_you_mean
from rlsys_sysctl.machine.names import normal
from rlsys_sysctl.workload.constraints import Constraint
from rlsys_sysctl.workload.parameters import Parameter
from rlsys_sysctl.workload.scales import exact


class ActionSpace:
    """All tuned parameters as one unit cube [0, 1]^d, and what their values must keep.

    Args:
        parameters: at least one, each once.
        constraints: between them.

    Raises:
        ConfigError: a parameter twice, or a constraint about something that is not tuned.
    """

    def __init__(
        self, parameters: Sequence[Parameter], constraints: Sequence[Constraint] = ()
    ) -> None:
        if not parameters:
            raise ConfigError("action_space: no parameter; give at least one")
        self.parameters = {parameter.param: parameter for parameter in parameters}
        if len(self.parameters) < len(parameters):
            names = [parameter.param for parameter in parameters]
            twice = next(name for name in names if names.count(name) > 1)
            raise ConfigError(f"action_space: {twice} is given twice; delete one")
        self.constraints = tuple(constraints)
        for constraint in constraints:
            self._check_constraint(constraint)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in their order."""
        return tuple(self.parameters)

    @property
    def dimension(self) -> int:
        """Coordinates of a point: one a scalar or category, one a component of a vector."""
        return sum(parameter.dimension for parameter in self.parameters.values())

    @property
    def labels(self) -> tuple[str, ...]:
        """What each coordinate is: a parameter's name, or ``name[i]``."""
        return tuple(
            f"{name}[{index}]" if parameter.type == "vector" else name
            for name, parameter in self.parameters.items()
            for index in range(parameter.dimension)
        )

    def to_values(self, point: ArrayLike) -> dict[str, str]:
        """Return the values at `point`, shape (d,), as texts for /proc/sys.

        Coordinates outside of [0, 1] are clipped.

        Raises:
            ConfigError: another shape, or a coordinate is NaN.
        """
        array = np.asarray(point, np.float64)
        if array.shape != (self.dimension,):
            raise ConfigError(f"a point has shape ({self.dimension},), not {array.shape}")
        if np.isnan(array).any():
            label = self.labels[int(np.isnan(array).argmax())]
            raise ConfigError(f"the coordinate of {label} is NaN; it must be within 0 to 1")
        coordinates = np.clip(array, 0.0, 1.0).tolist()
        values, start = {}, 0
        for name, parameter in self.parameters.items():
            values[name] = parameter.to_text(coordinates[start : start + parameter.dimension])
            start += parameter.dimension
        return values

    def to_point(self, values: Mapping[str, str]) -> NDArray[np.float64]:
        """Return the point, shape (d,), whose values are `values`.

        Raises:
            ConfigError: a parameter is missing or unknown, or its value is not allowed.
        """
        self._check_names(values)
        for name, parameter in self.parameters.items():
            parameter.check(values[name])
        return self.nearest_point(values)

    def nearest_point(self, values: Mapping[str, str]) -> NDArray[np.float64]:
        """Return the point, shape (d,), whose values are nearest to `values`.

        What a machine has now may lie outside of the ranges that are searched.

        Raises:
            ConfigError: a parameter is missing or unknown, or of another kind, such as a category
                that is not listed.
        """
        self._check_names(values)
        return np.array(
            [at for name, one in self.parameters.items() for at in one.nearest(values[name])]
        )

    def violations(self, values: Mapping[str, str]) -> list[str]:
        """Return what each broken constraint says; nothing where all hold."""
        return [one.told(values) for one in self.constraints if not one.holds(values)]

    def check(self, values: Mapping[str, str], original: Mapping[str, str] | None = None) -> None:
        """Raise unless all values are allowed and keep the constraints.

        Args:
            original: what the machine had: allowed even where it is out of range, and free of
                constraints where nothing differs from it.

        Raises:
            ConfigError: it says which value, what is allowed, or which constraint is broken.
        """
        self._check_names(values)
        had = {name: normal(written) for name, written in (original or {}).items()}
        changed = [name for name in self.parameters if normal(values[name]) != had.get(name)]
        for name in changed:
            self.parameters[name].check(values[name])
        broken = self.violations(values) if changed else []
        if broken:
            raise ConfigError("; ".join(broken))

    def _check_names(self, values: Mapping[str, str]) -> None:
        for name in values:
            if name not in self.parameters:
                raise ConfigError(f"{name} is not tuned{did_you_mean(name, self.parameters)}")
        for name in self.parameters:
            if name not in values:
                raise ConfigError(f"no value for {name}; give one for each tuned parameter")

    def _check_constraint(self, constraint: Constraint) -> None:
        for name, index in constraint.fields():
            where = f"constraint {constraint}"
            if name not in self.parameters:
                known = did_you_mean(name, self.parameters)
                raise ConfigError(f"{where}: {name!r} is not in action_space{known}")
            parameter = self.parameters[name]
            if parameter.type == "vector":
                if index is None or index >= parameter.dimension:
                    last = parameter.dimension - 1
                    raise ConfigError(f"{where}: {name} is a vector; write {name}[0] to [{last}]")
                continue
            if index is not None:
                raise ConfigError(f"{where}: {name} is no vector; write {name} without [{index}]")
            for value in parameter.values:
                try:
                    exact(value)
                except ValueError as error:
                    raise ConfigError(f"{where}: {value!r} of {name} is no number") from error
