"""Compiled code is that of today's files, also where only a function that it calls has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="pip install 'rlsys[rtos]'")

USE = """
from rlsys.batched.compiled import {name}
from shop.inner import cost

@{name}
def total(count):
    result = 0
    for number in range(count):
        result += cost(number)
    return result
"""
COST = """
from rlsys.batched.compiled import {name}

@{name}
def cost(number):
    return number * {factor}
"""


def run(folder: Path) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from shop.use import total; print(total(5), sum(total.stats.cache_hits.values()))",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("name", ["compiled", "kernel"])
def test_a_change_of_a_called_function_is_noticed_and_else_the_cache_is_used(tmp_path, name):
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "use.py").write_text(USE.format(name=name))
    (package / "inner.py").write_text(COST.format(name=name, factor=3))
    assert run(tmp_path) == "30 0\n"
    assert run(tmp_path) == "30 1\n"
    (package / "inner.py").write_text(COST.format(name=name, factor=7))
    assert run(tmp_path) == "70 0\n"
