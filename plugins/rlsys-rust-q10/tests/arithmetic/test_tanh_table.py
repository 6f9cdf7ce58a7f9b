"""Tanh from the table, against the real function."""

from __future__ import annotations

import numpy as np
import plain_fixed
import pytest

from rlsys_rust_q10.arithmetic.tanh_table import ERROR_UNITS, tanh_table

ALL_BITS = range(4, 21)


def arguments(bits):
    """Arguments to test: every unit for few bits, otherwise a random sample and the edges."""
    end = 10 << bits
    if bits <= 12:
        return np.arange(-end, end + 1)
    rng = np.random.default_rng(bits)
    edges = np.array([0, 1, -1, end, -end, 2**31 - 1, -(2**31) + 1])
    return np.sort(np.concatenate([rng.integers(-end, end, 50_000), edges]))


@pytest.mark.parametrize("bits", ALL_BITS)
def test_error_is_below_what_is_documented(bits):
    x = arguments(bits)
    error = tanh_table(bits)(x) - np.tanh(np.ldexp(x.astype(float), -bits)) * 2.0**bits
    assert np.abs(error).max() < ERROR_UNITS


@pytest.mark.parametrize("bits", ALL_BITS)
def test_odd_monotone_and_within_one(bits):
    x = arguments(bits)
    y = tanh_table(bits)(x)
    assert np.array_equal(tanh_table(bits)(-x), -y)
    assert (np.diff(y) >= 0).all()
    assert y.max() == -y.min() == 1 << bits


@pytest.mark.parametrize("bits", [4, 5, 10, 13, 20])
def test_equals_the_formula_number_by_number(bits):
    x = np.random.default_rng(0).choice(arguments(bits), 300)
    y = tanh_table(bits)(x)
    assert [plain_fixed.tanh_units(int(v), bits) for v in x] == y.tolist()


@pytest.mark.parametrize("bits", ALL_BITS)
def test_form_of_the_table(bits):
    table = tanh_table(bits)
    one = 1 << bits
    assert table.entries[0] == 0
    assert table.entries[-1] == table.entries[-2] == one
    assert table.entries[-3] < one
    assert table.narrow == (bits <= 14)
