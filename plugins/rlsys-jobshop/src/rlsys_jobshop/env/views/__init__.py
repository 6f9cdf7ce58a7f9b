"""What a policy sees: one row per candidate, or a vector whose length never changes.

`ItemsView` shows the candidates one by one, for a network that scores them. `FlatView` shows a
vector, for a plain network; ``docs/plugins/jobshop-views.md`` says what stands in it.
"""

from rlsys_jobshop.env.views.flat import FlatView
from rlsys_jobshop.env.views.items import ItemsView
from rlsys_jobshop.env.views.layout import LAYOUTS, Layout, Value
from rlsys_jobshop.env.views.view import default_width, observation_space, sight_of, view_of

__all__ = [
    "LAYOUTS",
    "FlatView",
    "ItemsView",
    "Layout",
    "Value",
    "default_width",
    "observation_space",
    "sight_of",
    "view_of",
]
