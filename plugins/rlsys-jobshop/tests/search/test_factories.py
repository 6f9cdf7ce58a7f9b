"""Both searches for all rules, on factories with shifts, breaks, setups and pairs of machines."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys_jobshop.checking import measure, require_valid
from rlsys_jobshop.instances import FACTORY_SIZES, factory
from rlsys_jobshop.problem import build
from rlsys_jobshop.search import cp_sat, random_keys

pytest.importorskip("ortools", reason="needs OR-Tools: pip install 'rlsys-jobshop[cp-sat]'")


@pytest.mark.slow
@pytest.mark.parametrize("size", ["toy", "medium"])
@pytest.mark.parametrize("objective", ["makespan", "weighted-tardiness"])
def test_schedules_are_valid_and_no_better_than_the_bound(size, objective):
    instance = build(factory(FACTORY_SIZES[size], np.random.default_rng(1)))
    climbed = require_valid(random_keys(instance, evaluations=500, objective=objective))
    solved = cp_sat(instance, seconds=8, objective=objective, hint=climbed)
    name = objective.replace("-", "_")
    by_climbing = getattr(measure(climbed), name)
    by_solving = getattr(measure(require_valid(solved.schedule)), name)
    assert solved.bound <= by_solving <= by_climbing


def test_climbing_does_better_than_the_rules_on_a_full_factory():
    instance = build(factory(FACTORY_SIZES["full"], np.random.default_rng(0)))
    rules, climbed = (random_keys(instance, evaluations=n) for n in (0, 400))
    tardiness = [measure(require_valid(s)).weighted_tardiness for s in (rules, climbed)]
    assert tardiness[1] < 0.9 * tardiness[0]
