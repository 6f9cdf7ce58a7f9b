"""Which machines a flat view shows where."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from schedule_play import classic_shop
from small_shops import shop, work

from rlsys_jobshop.env.views.places import grouped_places, single_places
from rlsys_jobshop.instances import factory
from rlsys_jobshop.problem import Job, Machine, Mode, Operation, build


def shop_of(works, types=None):
    """A shop in which each machine has one job of this length; all of one type, unless given."""
    types = [0] * len(works) if types is None else types
    return shop(
        *(Job((work(time, machine),)) for machine, time in enumerate(works)),
        machines=tuple(Machine(type=kind) for kind in types),
        types=tuple(f"type {kind}" for kind in range(1 + max(types))),
    )


def test_machines_stand_by_number_where_all_fit():
    assert single_places(shop_of([1, 5, 3]), 3).tolist() == [0, 1, 2]
    assert single_places(shop_of([1, 5, 3]), 7).tolist() == [0, 1, 2]


def test_of_more_machines_those_with_the_most_work_stand_by_number():
    assert single_places(shop_of([4, 1, 7, 1, 5]), 3).tolist() == [0, -1, 1, -1, 2]


def test_of_equally_busy_machines_those_with_the_lowest_numbers_are_shown():
    assert single_places(shop_of([2, 2, 2, 2]), 2).tolist() == [0, 1, -1, -1]


def test_work_is_shared_among_the_machines_that_could_do_it():
    either = Operation((Mode(6, (0,)), Mode(4, (1,))))
    both = Operation((Mode(1, (0, 2)),))
    instance = shop(Job((either, both, work(3, 2))), machines=(Machine(),) * 3)
    # Machine 0 has 3 + 1, machine 1 has 2, machine 2 has 1 + 3.
    assert single_places(instance, 2).tolist() == [0, -1, 1]
    assert grouped_places(instance, 10).tolist() == [0, 2, 1]


def test_types_stand_by_their_work_per_machine():
    # Per machine: type 0 has 3, type 1 has 5, type 2 has 4.
    assert grouped_places(shop_of([3, 5, 8, 0], [0, 1, 2, 2]), 10).tolist() == [2, 0, 1, 1]


def test_machines_of_a_single_type_count_as_types_of_their_own():
    assert grouped_places(shop_of([3, 5, 4]), 10).tolist() == [2, 0, 1]
    assert grouped_places(classic_shop([(0, 4)]), 10).tolist() == [0]


def test_neighbours_in_the_order_share_a_group_where_there_are_too_many_types():
    assert grouped_places(shop_of([5, 1, 4, 2, 3]), 2).tolist() == [0, 1, 0, 1, 0]


@given(st.lists(st.integers(1, 99), min_size=1, max_size=60, unique=True), st.integers(1, 12))
def test_groups_are_even_and_none_is_busier_than_the_one_before(works, places):
    groups = grouped_places(shop_of(works), places)
    sizes = np.bincount(groups)
    assert len(sizes) == min(places, len(works))
    assert sizes.min() >= 1
    assert sizes.max() - sizes.min() <= 1
    in_order = [group for _, group in sorted(zip(works, groups.tolist(), strict=True))]
    assert in_order == sorted(in_order, reverse=True)


def test_the_types_of_a_full_factory_fill_ten_groups():
    instance = build(factory("full", np.random.default_rng(0)))
    groups = grouped_places(instance, 10)
    types = [set(instance.machine_type[groups == group].tolist()) for group in range(10)]
    assert sorted(len(own) for own in types) == [4] * 8 + [5] * 2
    assert set.union(*types) == set(range(42))
    assert single_places(instance, 152).tolist() == list(range(152))
