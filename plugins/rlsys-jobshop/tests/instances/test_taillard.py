"""Taillard's generator refuses seeds that its recurrence cannot use; the rest: `test_published`."""

from __future__ import annotations

import pytest

from rlsys.errors import UserError
from rlsys_jobshop.instances import taillard


def test_the_first_durations_are_those_worked_by_hand():
    """From seed 1 the states are 16807 and 282475249: 0.0008 and 13.02 of 99."""
    instance = taillard(1, 2, time_seed=1, machine_seed=1)
    assert instance.duration.tolist() == [1, 14]


@pytest.mark.parametrize("seed", [0, -1, 2**31 - 1, 2**31])
def test_a_seed_outside_the_recurrence_is_refused(seed):
    with pytest.raises(UserError, match=f"time_seed: {seed} is not allowed; give 1 to 2147483646"):
        taillard(3, 3, time_seed=seed, machine_seed=1)
