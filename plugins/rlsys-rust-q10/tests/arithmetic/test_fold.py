"""Folding the transform: the same function for every observation, or a refusal."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_networks import dense, float64_logits, observations, scorers, stacks
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys.network import Decoding, Network, Scorer, Stack, Transform
from rlsys_rust_q10.arithmetic.fold import fold


def layer(outputs, inputs):
    return dense(np.random.default_rng(0), outputs, inputs)


@settings(max_examples=80, deadline=None)
@given(st.one_of(stacks(decodings=("argmax",)), scorers()), st.integers(0, 2**32))
def test_the_same_logits(drawn, seed):
    network, low, high = drawn
    folded = fold(network, low, high)
    assert folded.network.transform is None
    x = observations(np.random.default_rng(seed), low, high)
    expected = float64_logits(network, x)
    if x.ndim == 3:
        # Clamping leaves the flag of presence alone.
        clamped = np.concatenate([x[..., :1], np.clip(x, folded.low, folded.high)], axis=-1)
        code = folded.network.body.encoder[0]
        wider = np.concatenate([np.zeros((len(code.bias), 1)), code.weight], axis=1)
        first = type(code)(wider, code.bias, code.activation)
        body = folded.network.body
        plain = Network(Scorer((first, *body.encoder[1:]), body.scorer, body.rest))
        found = float64_logits(plain, clamped)
    else:
        found = float64_logits(folded.network, np.clip(x, folded.low, folded.high))
    # The folded weights are rounded to float32 once.
    scale = 1 + np.abs(expected).max()
    assert np.abs(found - expected).max() < 2e-4 * scale


def test_clip_becomes_bounds_of_the_raw_observation():
    transform = Transform(np.array([1.0, 2.0, 5.0]), np.array([2.0, -4.0, 0.0]), -1.0, 3.0)
    network = Network(Stack((layer(2, 3),)), transform=transform)
    folded = fold(network, None, None)
    # (x - 1) * 2 in -1..3: x in 0.5..2.5; (x - 2) * -4 in -1..3: x in 1.25..2.25; constant.
    assert folded.low.tolist() == [0.5, 1.25, 0.0]
    assert folded.high.tolist() == [2.5, 2.25, 0.0]


def test_bounds_beyond_the_clip_leave_its_end():
    transform = Transform(np.zeros(1), np.ones(1), 5.0, 6.0)
    network = Network(Stack((layer(2, 1),)), transform=transform)
    folded = fold(network, np.zeros(1), np.ones(1))
    assert (folded.low[0], folded.high[0]) == (5.0, 5.0)
    x = np.array([[0.3]])
    clamped = np.clip(x, folded.low, folded.high)
    assert np.allclose(folded.network.logits(clamped), network.logits(x), atol=1e-6)


def test_scorer_without_encoder_gets_the_identity():
    network = Network(Scorer((), (layer(1, 6),)))
    folded = fold(network, np.zeros((5, 3)), np.ones((5, 3)))
    (encoder,) = folded.network.body.encoder
    assert np.array_equal(encoder.weight, np.eye(3))
    assert encoder.activation == "linear"


def test_bounds_of_items_are_those_of_all_items():
    network = Network(Scorer((), (layer(1, 4),)))
    folded = fold(network, np.array([[0.0, -1], [0, -3]]), np.array([[1.0, 2], [1, 1]]))
    assert folded.low.tolist() == [0, -3]
    assert folded.high.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("low", "high", "transform"),
    [
        (None, None, None),
        (np.array([0.0, -np.inf]), np.ones(2), None),
        (np.zeros(2), np.array([1.0, np.inf]), None),
        (None, None, Transform(np.zeros(2), np.ones(2), -np.inf, 5.0)),
    ],
)
def test_refuses_unbounded_observations_and_names_one(low, high, transform):
    network = Network(Stack((layer(2, 2),)), Decoding(), transform)
    with pytest.raises(UserError, match=r"observed value [01] is unbounded .*observation space"):
        fold(network, low, high)


def test_refuses_bounds_of_another_observation():
    with pytest.raises(UserError, match=r"takes 2 observed values.*\(3,\)"):
        fold(Network(Stack((layer(2, 2),))), np.zeros(3), np.ones(3))


def test_refuses_crossed_bounds():
    with pytest.raises(UserError, match="observed value 1 has crossed bounds"):
        fold(Network(Stack((layer(2, 2),))), np.array([0.0, 2.0]), np.ones(2))
