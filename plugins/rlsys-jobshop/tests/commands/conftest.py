"""What the tests of commands share: a folder of their own, and a stand-in for `solve`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlsys_jobshop.rules import RULES, dispatch
from rlsys_jobshop.solving import Solution


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, in which no file has the name of an instance."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Recorder:
    """Stands for `solve`: takes down what it is asked for."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.bound: float | None = None

    def __call__(self, instance: Any, **options: Any) -> Solution:
        self.options = options
        (schedule,) = dispatch(instance, RULES["mwkr"])
        return Solution(schedule, "a stand-in", 1.5, self.bound)


@pytest.fixture
def solver(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Put a stand-in in the place of `solve`."""
    recorder = Recorder()
    monkeypatch.setattr("rlsys_jobshop.solving.solve", recorder)
    return recorder
