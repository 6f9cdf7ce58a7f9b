"""Seeds of training, validation and evaluation never meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys.seeds import evaluation_seeds, training_seeds, validation_seeds

counts = st.integers(1, 2000)


@given(st.integers(0, 2**31 - 1), counts, counts, counts, st.integers(0, 100_000_000))
def test_no_seed_has_two_purposes(seed, trained, validated, evaluated, first):
    parts = [
        set(training_seeds(seed, trained)),
        set(validation_seeds(validated)),
        set(evaluation_seeds(evaluated, first)),
    ]
    assert len(set().union(*parts)) == sum(map(len, parts))
    assert len(parts[1]) == validated
    assert len(parts[2]) == evaluated


@given(st.integers(0, 1000), counts)
def test_held_out_episodes_have_numbers(first, count):
    assert evaluation_seeds(count, first) == evaluation_seeds(first + count)[first:]


def test_numbers_outside_the_range_are_refused():
    for first in (-1, 2**30):
        with pytest.raises(ValueError, match="are numbered"):
            evaluation_seeds(1, first)


def test_training_seeds_follow_from_the_seed_alone():
    assert training_seeds(3, 5) == training_seeds(3, 5) != training_seeds(4, 5)
