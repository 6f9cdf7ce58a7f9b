"""The toy `lamps` with bounds on its observations: what a fixed-point export asks for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from lamps import Lamps

from rlsys import hookimpl
from rlsys.descriptors import EnvironmentSpec


@hookimpl
def rlsys_environments():
    return [
        EnvironmentSpec(
            name="bounded",
            summary="lamps whose signals lie between -2 and 2",
            config="lamps:LampsConfig",
            vector_env="bounded:Bounded",
            agent="hill-climbing",
        )
    ]


class Bounded(Lamps):
    single_observation_space = SimpleNamespace(low=np.full(2, -2.0), high=np.full(2, 2.0))
