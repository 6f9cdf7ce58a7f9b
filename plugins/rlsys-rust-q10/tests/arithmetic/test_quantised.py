"""The reference in NumPy, against plain integers one by one and against the network."""

from __future__ import annotations

import numpy as np
import plain_fixed
import pytest
from drawn_networks import dense, float64_logits, observations, scorers, stacks
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys.network import Decoding, Dense, Network, Scorer, Stack
from rlsys_rust_q10.arithmetic.fold import fold
from rlsys_rust_q10.arithmetic.quantise import quantise


def inputs(policy, rng, count=6):
    """Return observations within the bounds, at their ends and far outside of them."""
    items = (3,) if policy.scorer else ()
    low, high = policy.span
    x = rng.integers(low - 5, high + 5, (count, *items, policy.features), endpoint=True)
    x[0] = low
    x[1] = high
    x[2] = -(2**31)
    if policy.scorer:
        x[3:, :, 0] = rng.integers(-1, 2, x.shape[:2])[3:] << policy.bits
    return x


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(stacks(), scorers()),
    st.integers(4, 20),
    st.sampled_from(("auto", "wide")),
    st.integers(0, 2**32),
)
def test_equals_plain_integers_one_by_one(drawn, bits, kernel, seed):
    network, low, high = drawn
    policy = quantise(fold(network, low, high), bits, kernel)
    rng = np.random.default_rng(seed)
    x = inputs(policy, rng)
    expected = [plain_fixed.logits(policy, row.tolist()) for row in x]
    logits = policy.logits(x)
    assert logits.tolist() == expected
    masks = rng.random(logits.shape) < 0.5 if policy.masked else None
    decided = policy.act(x, masks).reshape(len(x), -1)
    assert decided.tolist() == [
        plain_fixed.decide(policy, row, None if masks is None else masks[i])
        for i, row in enumerate(expected)
    ]


@pytest.mark.parametrize("shape", ["stack", "scorer"])
@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
def test_each_four_bits_more_make_the_error_about_sixteen_times_smaller(shape, activation):
    rng = np.random.default_rng(3)
    hidden = (dense(rng, 12, 6, activation), dense(rng, 9, 12, activation))
    if shape == "stack":
        network = Network(Stack((*hidden, dense(rng, 4, 9))))
        low, high = -np.ones(6), np.ones(6)
    else:
        network = Network(Scorer(hidden, (dense(rng, 1, 18),), (dense(rng, 2, 9),)))
        low, high = -np.ones((5, 6)), np.ones((5, 6))
        low[:, 0] = 0
    x = observations(rng, low, high, 400).astype(np.float32)
    errors = []
    for bits in (8, 12, 16):
        policy = quantise(fold(network, low, high), bits, "wide")
        fixed = policy.logits(policy.fixed_observations(x))
        errors.append(np.abs(fixed / 2.0**bits - float64_logits(network, x)).max())
    # Each rounding is wrong by half a unit at most; here fewer than 60 units add up.
    assert errors[0] < 60 / 2**8
    assert 8 < errors[0] / errors[1] < 32
    assert 8 < errors[1] / errors[2] < 32


def test_a_decision_can_depend_on_one_unit():
    network = Network(Stack((Dense(np.array([[1.0], [-1.0]]), np.zeros(2)),)))
    policy = quantise(fold(network, -np.ones(1), np.ones(1)), 10)
    assert policy.act(np.array([[-1], [0], [1]])).tolist() == [1, 0, 0]


def test_nothing_allowed_is_the_first_action():
    network = Network(Stack((Dense(np.array([[-1.0], [1.0]]), np.zeros(2)),)), masked=True)
    policy = quantise(fold(network, -np.ones(1), np.ones(1)), 10)
    masks = np.array([[False, False], [True, False], [False, True]])
    assert policy.act(np.full((3, 1), 900), masks).tolist() == [0, 0, 1]
    with pytest.raises(UserError, match="action masks"):
        policy.act(np.zeros((1, 1)))


def test_padding_changes_nothing_for_the_others():
    rng = np.random.default_rng(0)
    network = Network(
        Scorer((dense(rng, 5, 4, "relu"),), (dense(rng, 1, 10),), (dense(rng, 1, 5),))
    )
    low, high = np.zeros((4, 4)), np.ones((4, 4))
    policy = quantise(fold(network, low, high), 10)
    x = rng.integers(0, 1024, (20, 3, 4))
    x[..., 0] = 1024
    padded = np.concatenate([x, np.zeros((20, 2, 4), int)], axis=1)
    short, long = policy.logits(x), policy.logits(padded)
    assert np.array_equal(short[:, :3], long[:, :3])
    assert np.array_equal(short[:, 3:], long[:, 5:])


def test_no_item_at_all_leaves_the_other_actions():
    rng = np.random.default_rng(0)
    network = Network(Scorer((dense(rng, 5, 4),), (dense(rng, 1, 10),), (dense(rng, 2, 5),)))
    policy = quantise(fold(network, np.zeros((4, 4)), np.ones((4, 4))), 10)
    assert policy.logits(np.zeros((3, 0, 4))).shape == (3, 2)


def test_float_observations_are_clamped_and_rounded():
    network = Network(Stack((dense(np.random.default_rng(0), 1, 3),)))
    policy = quantise(fold(network, -np.ones(3), np.ones(3)), 10)
    fixed = policy.fixed_observations(np.array([[np.inf, -7.0, 0.5 / 1024]]))
    assert fixed.tolist() == [[1024, -1024, 1]]
    with pytest.raises(UserError, match="NaN"):
        policy.fixed_observations(np.array([[np.nan, 0, 0]]))


def test_continuous_actions_never_leave_their_bounds():
    high = np.float32(1 / 3)
    decoding = Decoding("clip", low=np.float32([-high]), high=np.float32([high]))
    network = Network(Stack((Dense(np.full((1, 1), 9.0), np.zeros(1)),)), decoding)
    policy = quantise(fold(network, -np.ones(1), np.ones(1)), 4)
    actions = policy.actions(policy.act(np.array([[16], [-16]])))
    # 1/3 is 5.33 units, 5 units are 0.3125; -1/3 rounds to -5 units as well.
    assert actions.dtype == np.float32
    assert np.abs(actions).max() <= high
    assert np.allclose(actions, [[0.3125], [-0.3125]])


@pytest.mark.parametrize("shape", [(5, 7), (5,), (5, 2, 4)])
def test_refuses_observations_of_another_shape(shape):
    network = Network(Stack((dense(np.random.default_rng(0), 1, 3),)))
    policy = quantise(fold(network, -np.ones(3), np.ones(3)), 10)
    with pytest.raises(UserError, match=r"\(N, features\) with 3 features"):
        policy.logits(np.zeros(shape))


def test_refuses_too_many_items():
    network = Network(Scorer((), (dense(np.random.default_rng(0), 1, 4),)))
    policy = quantise(fold(network, np.zeros((1, 2)), np.ones((1, 2))), 10, max_items=3)
    with pytest.raises(UserError, match="4 items, but the policy accepts only 3; set max_items"):
        policy.logits(np.zeros((1, 4, 2)))
