"""What CP-SAT refuses before it begins; these tests run without OR-Tools too."""

from __future__ import annotations

import importlib.util

import pytest

from rlsys.descriptors import Requirement
from rlsys.errors import UserError
from rlsys.testing.demands import require_installed
from rlsys_jobshop.instances import classic
from rlsys_jobshop.search import cp_sat


def test_without_or_tools_one_line_says_what_to_install(monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "ortools" else find_spec(name)
    )
    with pytest.raises(UserError, match=r"pip install 'rlsys-jobshop\[cp-sat\]'"):
        cp_sat(classic("ft06"), seconds=1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"seconds": -1.0}, "-1.0"),
        ({"seconds": float("nan")}, "nan"),
        ({"seconds": 1.0, "workers": 0}, "workers is 0"),
        ({"seconds": 1.0, "objective": "tardiness"}, "did you mean 'weighted-tardiness'"),
    ],
)
def test_wrong_arguments_are_named(wrong, said):
    with pytest.raises(UserError, match=said):
        cp_sat(classic("ft06"), **wrong)


def test_in_ci_or_tools_are_there():
    """Elsewhere the tests of CP-SAT are skipped without them."""
    needed = Requirement(name="ortools", fix="pip install 'rlsys-jobshop[cp-sat]'")
    require_installed("the tests of CP-SAT", [needed])
