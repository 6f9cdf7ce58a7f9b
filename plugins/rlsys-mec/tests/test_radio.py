"""Path loss, shares and rates, compared with values computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys_mec.config import MecConfig
from rlsys_mec.radio import full_band_snr, rate, shares


def test_the_signal_to_noise_ratio_of_an_example():
    config = MecConfig()
    # 0.08 W = 19.031 dBm; 32.4 + 20 log10(3.5) + 31.9 log10(100) = 107.081 dB;
    # 4e-21 W/Hz over 50 MHz = -96.990 dBm; the difference is 8.94 dB.
    decibel = 10 * np.log10(full_band_snr(config, np.array([100.0])))
    np.testing.assert_allclose(decibel, 19.0309 - 107.0814 + 96.9897, atol=1e-3)


def test_half_the_band_gives_more_than_half_the_rate():
    config = MecConfig()
    snr = full_band_snr(config, np.array([30.0]))
    whole, half = rate(config, np.ones(1), snr), rate(config, np.full(1, 0.5), snr)
    assert whole[0] == pytest.approx(50 * math.log2(1 + snr[0]))
    assert half[0] == pytest.approx(25 * math.log2(1 + 2 * snr[0]))
    assert whole[0] / 2 < half[0] < whole[0]


@given(
    requests=st.lists(st.floats(-5, 5), min_size=1, max_size=30),
    floor=st.floats(0.0, 1.0),
    data=st.data(),
)
def test_shares_add_up_and_nobody_gets_less_than_the_floor(requests, floor, data):
    offload = np.array([data.draw(st.lists(st.booleans(), min_size=len(requests),
                                           max_size=len(requests)))])  # fmt: skip
    found = shares(MecConfig(spectrum_floor=floor), offload, np.array([requests]))
    assert (found[~offload] == 0).all()
    count = offload.sum()
    if count:
        assert found.sum() == pytest.approx(1.0)
        assert (found[offload] >= min(floor, 1 / count) - 1e-12).all()


def test_shares_are_a_softmax_over_those_that_offload():
    offload = np.array([[True, False, True]])
    found = shares(MecConfig(), offload, np.array([[math.log(3.0), 4.0, 0.0]]))
    np.testing.assert_allclose(found, [[0.75, 0.0, 0.25]])
    found = shares(MecConfig(spectrum_floor=0.1), offload, np.array([[math.log(3.0), 4.0, 0.0]]))
    np.testing.assert_allclose(found, [[0.1 + 0.8 * 0.75, 0.0, 0.1 + 0.8 * 0.25]])
