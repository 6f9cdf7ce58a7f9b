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


def run(folder: Path, **more: str) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from shop.use import total; print(total(5), sum(total.stats.cache_hits.values()))",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **more},
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


@pytest.mark.parametrize("name", ["compiled", "kernel"])
def test_a_change_is_noticed_whatever_the_times_of_the_files_say(tmp_path, name):
    """An installer may keep the times of a wheel's files, which are older than the cache."""
    package, cache = tmp_path / "shop", tmp_path / "cache"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "use.py").write_text(USE.format(name=name))
    for factor, cached in ((3, 0), (7, 0), (7, 1), (3, 0)):
        (package / "inner.py").write_text(COST.format(name=name, factor=factor))
        for file in package.glob("*.py"):
            os.utime(file, (factor, factor))  # Python itself needs another time to notice
        found = run(tmp_path, NUMBA_CACHE_DIR=str(cache))
        assert found == f"{10 * factor} {cached}\n"


def test_a_script_is_compiled_anew_since_it_may_call_what_has_changed(tmp_path):
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    script = tmp_path / "use.py"
    script.write_text(USE.format(name="compiled") + "print(total(5))")
    for factor in (3, 7):
        (package / "inner.py").write_text(COST.format(name="kernel", factor=factor))
        done = subprocess.run(
            [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True,
            # Bytecode of a source that is as old to the second would be taken for the new one's.
            env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.stdout == f"{10 * factor}\n"


def test_where_nothing_can_be_written_it_is_compiled_in_every_process(tmp_path):
    """Numba looks for a folder in these ways; in a container that is read-only none works."""
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from numba.core import caching\n"
        "names = ('CacheImpl', '_CacheImpl')  # it was renamed\n"
        "(base,) = (getattr(caching, name) for name in names if hasattr(caching, name))\n"
        "base._locator_classes = []\n"
    )
    (package / "use.py").write_text(USE.format(name="compiled"))
    (package / "inner.py").write_text(COST.format(name="kernel", factor=3))
    assert [run(tmp_path) for _ in range(2)] == ["30 0\n", "30 0\n"]
    assert not list(tmp_path.rglob("*.nb[ic]"))
