"""The view that a configuration asks for, its space, and how many candidates it offers."""

from __future__ import annotations

from typing import get_args

import numpy as np
from gymnasium.spaces import Box

from rlsys_jobshop.env.config import DESCRIBED, Items, JobshopConfig, View
from rlsys_jobshop.env.views.flat import FlatView
from rlsys_jobshop.env.views.items import ItemsView
from rlsys_jobshop.env.views.layout import LAYOUTS
from rlsys_jobshop.simulator import Simulator
from rlsys_jobshop.simulator.features import LIMIT, NAMES
from rlsys_jobshop.simulator.lookahead import WITH_LOOKAHEAD

MOST_ITEMS = 64


def default_width(view: View, most_jobs: int) -> int:
    """Return how many candidates there are at most, if the user does not say it."""
    return min(most_jobs, MOST_ITEMS) if view in get_args(Items) else DESCRIBED


def observation_space(view: View, width: int) -> Box:
    """Return the space of what one copy shows, float32 (width, features) or (size,)."""
    if view == "candidates" or view == "lookahead":
        names = WITH_LOOKAHEAD if view == "lookahead" else NAMES
        low = np.full((width, len(names)), -LIMIT, np.float32)
        low[:, 0] = 0.0
        return Box(low, LIMIT, dtype=np.float32)
    values = list(LAYOUTS[view].values())
    return Box(
        np.array([value.low for value in values], np.float32),
        np.array([value.high for value in values], np.float32),
        dtype=np.float32,
    )


def view_of(config: JobshopConfig, simulator: Simulator) -> ItemsView | FlatView:
    """Return the view that `config` asks for."""
    if config.view == "candidates" or config.view == "lookahead":
        return ItemsView(simulator)
    return FlatView(config.view, simulator, config.objective)
