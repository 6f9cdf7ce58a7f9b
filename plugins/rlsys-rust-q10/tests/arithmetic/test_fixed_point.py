"""The rounding rule, against exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import plain_fixed
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rlsys_rust_q10.arithmetic.fixed_point import half_up_mean, rounding_shift, to_fixed, to_float

BITS = st.integers(0, 20)
VALUES = st.floats(-1e6, 1e6, allow_nan=False)


@given(VALUES, BITS)
@example(math.nextafter(0.5, 0.0), 0)
@example(-0.5, 0)
@example(-1e-300, 0)
@example(math.nextafter(-0.5, -1.0), 0)
def test_rounds_to_the_nearest_and_halves_up(value, bits):
    assert to_fixed(value, bits) == plain_fixed.units(value, bits)


def test_halves_go_up_on_both_sides():
    assert to_fixed(np.array([-1.5, -0.5, 0.5, 1.5]) / 1024, 10).tolist() == [-1, 0, 1, 2]


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_refuses_what_is_no_fixed_point_number(value):
    with pytest.raises(ValueError, match="not finite or too large"):
        to_fixed([0.0, value], 10)


@given(st.integers(-(2**60), 2**60), st.integers(1, 20))
def test_shift_rounds_as_numbers_do(accumulator, bits):
    exact = math.floor(Fraction(accumulator, 2**bits) + Fraction(1, 2))
    assert rounding_shift(np.array(accumulator), bits) == exact


@given(st.integers(-(2**40), 2**40), st.integers(1, 1000))
def test_mean_rounds_as_numbers_do(total, count):
    exact = math.floor(Fraction(total, count) + Fraction(1, 2))
    assert half_up_mean(np.array(total), np.array(count)) == exact


@given(st.integers(-(2**52), 2**52), BITS)
def test_floats_and_back(units, bits):
    assert to_fixed(to_float(units, bits), bits) == units
