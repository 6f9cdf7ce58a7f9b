"""The view that a configuration asks for, its space, and how many candidates it offers."""

from __future__ import annotations

from typing import TypeGuard, get_args

import numpy as np
from gymnasium.spaces import Box

from rlsys_jobshop.env.config import DESCRIBED, Flat, Items, JobshopConfig, View
from rlsys_jobshop.env.views.flat import FlatView
from rlsys_jobshop.env.views.items import ItemsView
from rlsys_jobshop.env.views.layout import LAYOUTS
from rlsys_jobshop.simulator import Simulator
from rlsys_jobshop.simulator.features import LIMIT
from rlsys_jobshop.simulator.sights import COLUMNS, Sight

MOST_ITEMS = 64


def default_width(view: View, most_jobs: int) -> int:
    """Return how many candidates there are at most, if the user does not say it."""
    return DESCRIBED if is_flat(view) else min(most_jobs, MOST_ITEMS)


def is_flat(view: View) -> TypeGuard[Flat]:
    """Return whether a view is a vector, not a row per candidate."""
    return view not in get_args(Items)


def sight_of(view: View) -> Sight:
    """Return what the simulator has to show of each candidate."""
    return view if view == "lookahead" or view == "due-dates" else "candidates"


def observation_space(view: View, width: int) -> Box:
    """Return the space of what one copy shows, float32 (width, features) or (size,)."""
    if not is_flat(view):
        low = np.full((width, len(COLUMNS[sight_of(view)])), -LIMIT, np.float32)
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
    if is_flat(config.view):
        return FlatView(config.view, simulator, config.objective)
    return ItemsView(simulator)
