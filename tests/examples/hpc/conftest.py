"""Makes the modules of the example importable here, without leaving its folder on the path."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXAMPLE = Path(__file__).parents[3] / "examples" / "hpc-jobs"
MODULES = ("cluster", "swf", "schedulers", "workload", "decisions", "compare", "judge", "hpc_ticks")

sys.path[:0] = [str(EXAMPLE), str(HERE)]
try:
    for name in MODULES:
        importlib.import_module(name)
finally:
    for folder in (EXAMPLE, HERE):
        sys.path.remove(str(folder))


@pytest.fixture
def example() -> Path:
    """Return the folder of the example."""
    return EXAMPLE
