"""The overflow proof: bounds are never exceeded and often reached, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import plain_fixed
import pytest
from drawn_networks import dense, scorers, stacks
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys.network import Decoding, Dense, Network, Scorer, Stack
from rlsys_rust_q10.arithmetic.bounds import Span, fix_layer, measure
from rlsys_rust_q10.arithmetic.fixed_point import I16, I32_MAX, to_fixed
from rlsys_rust_q10.arithmetic.fold import fold
from rlsys_rust_q10.arithmetic.quantise import quantise


def quantised(network, low, high, bits=10, **options):
    return quantise(fold(network, low, high), bits, **options)


def one_layer(weights, bias=0.0, activation="linear"):
    weights = np.atleast_2d(np.asarray(weights, dtype=float))
    return Network(Stack((Dense(weights, np.full(len(weights), bias), activation),)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(4, 16))
def test_one_layer_reaches_its_bounds_at_corners_and_no_corner_exceeds_them(seed, inputs, bits):
    rng = np.random.default_rng(seed)
    layer = dense(rng, 3, inputs, gain=10.0)
    low = to_fixed(rng.uniform(-2, 1, inputs), bits)
    high = low + rng.integers(0, 3 << bits, inputs)
    weight, bias = to_fixed(layer.weight, bits), to_fixed(layer.bias, bits)
    reach = measure(weight, bias, Span(low, high), bits)
    corners = itertools.product(*zip(low.tolist(), high.tolist(), strict=True))
    results = []
    for corner in corners:
        outputs, largest = plain_fixed.layer(layer, list(corner), bits)
        results.append(outputs)
        assert largest <= reach.absolute.max()
    assert np.min(results, axis=0).tolist() == reach.low.tolist()
    assert np.max(results, axis=0).tolist() == reach.high.tolist()


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(stacks(decodings=("argmax",)), scorers()),
    st.sampled_from((6, 10, 13)),
    st.integers(0, 2**32),
)
def test_no_input_of_a_network_exceeds_what_was_proven(drawn, bits, seed):
    network, low, high = drawn
    policy = quantised(network, low, high, bits)
    rng = np.random.default_rng(seed)
    low, high = (bound.tolist() for bound in policy.span)
    role = "encoder" if policy.scorer else "layers"
    for _ in range(20):
        x = [int(rng.choice(ends)) for ends in zip(low, high, strict=True)]
        layers = policy.shipped.layers()[role]
        for layer, proven in zip(layers, policy.groups[role], strict=True):
            x, largest = plain_fixed.layer(layer, x, bits)
            assert largest <= proven.bound
            assert all(
                a <= v <= b for a, v, b in zip(proven.span.low, x, proven.span.high, strict=True)
            )


@settings(max_examples=40, deadline=None)
@given(st.one_of(stacks(), scorers()), st.integers(4, 20), st.sampled_from(("auto", "wide")))
def test_every_kernel_holds_what_it_was_chosen_for(drawn, bits, kernel):
    network, low, high = drawn
    policy = quantised(network, low, high, bits, kernel=kernel)
    for layer in policy.layers:
        limit = 2**63 - 1 if layer.kernel == "wide64" else 2**31 - 1
        assert layer.bound <= limit
        assert np.abs(layer.weight).max() <= I32_MAX
        assert layer.span.magnitude().max() <= I32_MAX
        if layer.kernel == "narrow":
            assert kernel == "auto"
            assert I16.min <= layer.weight.min() <= layer.weight.max() <= I16.max


def test_the_narrowest_kernel_that_fits_is_taken():
    span = Span(np.full(2, -1024), np.full(2, 1024))

    def kernel(weight, setting="auto", span=span):
        layer = Dense(np.array([[weight, 0.5]]), np.zeros(1))
        return fix_layer("layers.0", layer, span, 10, setting).kernel

    assert kernel(31.99) == "narrow"
    assert kernel(32.0) == "wide"  # 32768 units
    assert kernel(31.99, "wide") == "wide"
    assert kernel(2000.0) == "wide"
    assert kernel(2050.0) == "wide64"  # 2050 * 1024 * 1024 > 2**31
    wider = Span(np.full(2, -1024), np.full(2, 32768))
    assert kernel(1.0, span=wider) == "wide"
    assert kernel(1.0, span=Span(wider.low, wider.high - 1)) == "narrow"


def test_an_overflow_is_refused_with_layer_neuron_bound_and_remedy():
    layers = (
        Dense(np.full((3, 2), 100.0), np.zeros(3), "relu"),
        Dense(np.array([[1.0, 1, 1], [1, 1, 60000], [1, 1, 1]]), np.zeros(3)),
    )
    network = Network(Stack(layers))
    with pytest.raises(UserError) as refused:
        quantised(network, np.zeros(2), np.full(2, 300.0))
    message = str(refused.value)
    # (100 * 300 * 2) * (60000 + 2) in units of 2**-10
    reached = 60000 * 60002 * 1024
    assert f"layer layers.1, neuron 1: the result can reach {reached}" in message
    assert "use at most " not in message  # even in 4 bits it is 5.8e10
    assert "4 fractional bits are too many as well" in message


def test_the_remedy_is_the_largest_number_of_bits_that_fits():
    network = one_layer([[1000.0, 1.0]])
    low, high = np.zeros(2), np.array([3000.0, 1.0])
    with pytest.raises(UserError, match=r"layers\.0, neuron 0.* use at most 9 fractional bits$"):
        quantised(network, low, high, 12)
    assert quantised(network, low, high, 9).kernels == ("wide64",)
    with pytest.raises(UserError, match="use at most 9"):
        quantised(network, low, high, 10)


@pytest.mark.parametrize(
    ("weights", "high", "reason"),
    [
        ([[1.0, 1.0], [1.0, -40.0]], 1.0, r"neuron 1: its weights reach from -40960 to 1024"),
        ([[1.0, 1.0], [1.0, 1.0]], 33.0, r"input 0 reaches from 0 to 33792"),
        ([[1.0, 1.0], [31.0, 31.0]], 31.0 + 0.9, r"neuron 1: the accumulator can reach"),
    ],
)
def test_kernel_narrow_is_refused_with_the_reason(weights, high, reason):
    bits = 10
    bounds = np.zeros(2), np.full(2, high)
    if "accumulator" in reason:  # 31 * 31.9 * 2 * 2**20 < 2**31: needs more inputs
        weights = np.tile(weights, (1, 2))
        bounds = np.zeros(4), np.full(4, high)
    with pytest.raises(UserError, match=rf"layer layers\.0, .*{reason}.*kernel than 'narrow'"):
        quantised(one_layer(weights), *bounds, bits, kernel="narrow")
    assert quantised(one_layer(weights), *bounds, bits).kernels != ("narrow",)


def test_observations_too_large_for_32_bits_are_refused_by_name():
    with pytest.raises(UserError, match=r"observed value 1: its bound 3e\+06 .* at most 9 fract"):
        quantised(one_layer([[1e-6, 1e-6]]), np.zeros(2), np.array([1.0, 3e6]), 10)


def test_a_weight_too_large_for_32_bits_is_refused_by_name():
    with pytest.raises(UserError, match=r"layer layers\.0, neuron 1: a weight of 4e\+06 is"):
        quantised(one_layer([[1.0], [4e6]]), np.zeros(1), np.full(1, 1e-3), 10)


def test_the_sum_over_items_is_part_of_the_proof():
    code = Dense(np.array([[0.0, 1000.0]]), np.zeros(1))
    network = Network(Scorer((code,), (Dense(np.array([[1e-3, 1e-3]]), np.zeros(1)),)))
    low, high = np.zeros((4, 2)), np.tile([1.0, 100.0], (4, 1))
    assert quantised(network, low, high, kernel="wide", max_items=16).max_items == 16
    with pytest.raises(UserError, match="context, value 0: the sum over 64 items can reach"):
        quantised(network, low, high, kernel="wide", max_items=64)
    # Scaled to 16 bits, even more items fit.
    assert quantised(network, low, high, max_items=64).max_items == 64


def test_action_bounds_too_large_are_refused():
    decoding = Decoding("clip", low=np.zeros(1, np.float32), high=np.full(1, 1e7, np.float32))
    network = Network(Stack((Dense(np.ones((1, 1)), np.zeros(1)),)), decoding)
    with pytest.raises(UserError, match=r"action 0: its bound 1e\+07"):
        quantised(network, np.zeros(1), np.ones(1))
