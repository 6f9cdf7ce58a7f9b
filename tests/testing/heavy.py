"""The plugin of `dial` whose entry module imports something that takes seconds elsewhere."""

from __future__ import annotations

import tensorflow
from dial import rlsys_exporters

__all__ = ["rlsys_exporters", "tensorflow"]
