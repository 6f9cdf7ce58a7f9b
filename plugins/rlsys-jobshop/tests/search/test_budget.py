"""What a budget allows, on a clock that the test moves."""

from __future__ import annotations

import pytest

from rlsys.errors import UserError
from rlsys_jobshop.search.budget import Budget


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def spend(budget, clock, per_iteration, share=1.0, running=None):
    chunks = []
    for chunk in (running or budget.start()).chunks(10, 1000, share):
        chunks.append(chunk)
        clock.now += chunk * per_iteration
    return chunks


def test_iterations_are_spent_to_the_last_one():
    assert sum(spend(Budget(iterations=123), Clock(), 0.0)) == 123


def test_no_iterations_are_no_chunk():
    assert spend(Budget(iterations=0), Clock(), 0.0) == []


@pytest.mark.parametrize("per_iteration", [1e-5, 1e-3, 0.02])
def test_time_is_overrun_by_at_most_a_tenth_once_the_speed_is_known(per_iteration):
    clock = Clock()
    spend(Budget(seconds=10, clock=clock), clock, per_iteration)
    assert 110.0 <= clock.now <= 111.0


def test_a_slow_iteration_does_not_let_the_next_chunk_be_long():
    clock = Clock()
    chunks = spend(Budget(seconds=10, clock=clock), clock, 0.9)
    assert chunks == [10, 1, 1]


def test_no_time_is_no_chunk():
    assert spend(Budget(seconds=0, clock=Clock()), Clock(), 0.0) == []


def test_the_limit_that_is_reached_first_counts():
    clock = Clock()
    assert sum(spend(Budget(seconds=10, iterations=50, clock=clock), clock, 0.01)) == 50
    assert sum(spend(Budget(seconds=1, iterations=5000, clock=clock), clock, 0.01)) < 200


def test_a_share_leaves_the_rest_for_later():
    clock = Clock()
    running = Budget(iterations=100, clock=clock).start()
    assert sum(spend(None, clock, 0.0, share=0.4, running=running)) == 40
    assert sum(spend(None, clock, 0.0, running=running)) == 60


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({}, "needs a limit"),
        ({"seconds": -1.0}, "-1.0"),
        ({"seconds": float("nan")}, "nan"),
        ({"iterations": -3}, "-3"),
    ],
)
def test_a_wrong_limit_is_one_clear_line(limits, said):
    with pytest.raises(UserError, match=said) as raised:
        Budget(**limits)
    assert "\n" not in str(raised.value)
