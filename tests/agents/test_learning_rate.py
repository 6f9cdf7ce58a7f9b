"""The learning rate's schedule, by hand."""

from __future__ import annotations

import pytest

from rlsys.agents.learning_rate import linear_rate


@pytest.mark.parametrize(
    ("remaining", "rate"), [(1.0, 4e-3), (0.75, 3e-3), (0.25, 1e-3), (0.0, 0.0)]
)
def test_it_falls_in_a_straight_line(remaining, rate):
    assert linear_rate(4e-3, 0.0, remaining) == pytest.approx(rate)


def test_without_a_last_value_it_stays():
    assert linear_rate(3e-4, None, 0.3) == 3e-4
