"""The design that a model begins with."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys_sysctl.agents.proposers import latin_hypercube
from rlsys_sysctl.config import SysctlConfig

PATH, CHURN = (
    SysctlConfig(workload=name).workload.space for name in ("net-long-path", "net-churn")
)


@pytest.mark.parametrize("seed", range(5))
def test_the_design_divides_every_range_and_the_categories_evenly(seed):
    points = latin_hypercube(PATH, 12, seed)
    for label, column in zip(PATH.labels, points.T, strict=True):
        assert sorted((column * 12).astype(int)) == list(range(12)), label
    chosen = [PATH.to_values(point)["net.ipv4.tcp_congestion_control"] for point in points]
    assert {name: chosen.count(name) for name in set(chosen)} == {"reno": 4, "cubic": 4, "bbr": 4}


def test_seeds_differ_and_repeat():
    one, again, other = (latin_hypercube(PATH, 12, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_the_design_keeps_the_constraints():
    """Half of all random ranges of ports would end before they begin."""
    random = np.random.default_rng(0).random((200, len(CHURN.labels)))
    broken = sum(bool(CHURN.violations(CHURN.to_values(point))) for point in random)
    assert broken > 50
    for point in latin_hypercube(CHURN, 12, seed=0):
        assert not CHURN.violations(CHURN.to_values(point))
