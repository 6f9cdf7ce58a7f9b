"""Runs the examples as a reader does, in a separate process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from example_files import EXAMPLES


@pytest.fixture
def run_example(tmp_path):
    """Return a function that runs an example and returns what it printed."""

    def run(name: str, *arguments: str, timeout: float = 600) -> str:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RLSYS_")}
        ended = subprocess.run(
            [sys.executable, str(EXAMPLES / name), *arguments],
            cwd=tmp_path,
            env={**environment, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert "Traceback" not in ended.stderr
        return ended.stdout

    return run
