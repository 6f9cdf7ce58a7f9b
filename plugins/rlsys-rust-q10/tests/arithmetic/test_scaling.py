"""Powers of two between layers: the same function, narrow layers, no scaling without effect."""

from __future__ import annotations

import numpy as np
from drawn_networks import float64_logits, observations, scorers, stacks
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.network import Dense, Network, Stack
from rlsys_rust_q10.arithmetic.fold import fold
from rlsys_rust_q10.arithmetic.quantise import quantise


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(stacks(decodings=("argmax",), transforms=False), scorers(transforms=False)),
    st.integers(6, 14),
)
def test_the_scaled_network_computes_the_same(drawn, bits):
    network, low, high = drawn
    folded = fold(network, low, high)
    shipped = quantise(folded, bits).shipped
    x = observations(np.random.default_rng(0), low, high)
    # Multiplications by powers of two are exact, so this holds to the last bit.
    assert np.array_equal(float64_logits(shipped, x), float64_logits(folded.network, x))


def relu_network(hidden, out):
    return Network(
        Stack(
            (
                Dense(np.full((2, 3), hidden), np.full(2, 0.5), "relu"),
                Dense(np.full((2, 2), out), np.zeros(2)),
            )
        )
    )


def test_activations_are_scaled_just_enough():
    policy = quantise(fold(relu_network(20.0, 1.0), np.zeros(3), np.ones(3)), 10)
    # 60.5 needs 61952 units: halved once it fits 32767.
    assert policy.kernels == ("narrow", "narrow")
    assert policy.groups["layers"][0].span.high.tolist() == [30976, 30976]
    first, second = policy.shipped.body.layers
    assert np.array_equal(first.weight, np.full((2, 3), 10.0))
    assert np.array_equal(first.bias, np.full(2, 0.25))
    assert np.array_equal(second.weight, np.full((2, 2), 2.0))


def test_nothing_is_scaled_that_fits():
    network = relu_network(10.0, 1.0)
    policy = quantise(fold(network, np.zeros(3), np.ones(3)), 10)
    assert policy.kernels == ("narrow", "narrow")
    assert np.array_equal(policy.shipped.body.layers[0].weight, network.body.layers[0].weight)


def test_nothing_is_scaled_in_vain():
    # Twice 16.5 does not fit 16 bits, so the second layer stays wide and the first as it is.
    network = relu_network(20.0, 16.5)
    policy = quantise(fold(network, np.zeros(3), np.ones(3)), 10)
    assert policy.kernels == ("narrow", "wide")
    assert np.array_equal(policy.shipped.body.layers[0].weight, network.body.layers[0].weight)


def test_wide_is_never_scaled():
    network = relu_network(20.0, 1.0)
    policy = quantise(fold(network, np.zeros(3), np.ones(3)), 10, "wide")
    assert policy.kernels == ("wide", "wide")
    assert np.array_equal(policy.shipped.body.layers[0].weight, network.body.layers[0].weight)


def test_an_accumulator_is_scaled_as_well():
    # The neuron itself stays near zero, but its partial sums do not: 6e4 * 2**20 > 2**31.
    first = Dense(np.array([[30.0, -30.0] * 40]), np.zeros(1), "linear")
    network = Network(Stack((first, Dense(np.ones((1, 1)), np.zeros(1)))))
    policy = quantise(fold(network, np.full(80, 0.9), np.full(80, 1.0)), 10)
    assert policy.kernels == ("narrow", "narrow")
    assert policy.groups["layers"][0].bound <= 2**31 - 1
    assert policy.shipped.body.layers[0].weight[0, 0] < 30.0
