"""One observation at a time gives what the portable network gives."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from rlsys.network import Dense, InputClip, Network, Scorer, Stack, Transform
from rlsys_distributed.client.forward import forward_of


def layers(drawn, sizes, activation, last="linear"):
    found = []
    for number, (inputs, outputs) in enumerate(pairwise(sizes)):
        kind = last if number == len(sizes) - 2 else activation
        found.append(Dense(drawn.normal(size=(outputs, inputs)), drawn.normal(size=outputs), kind))
    return tuple(found)


def same(found, wanted):
    """Whether outputs differ by no more than single precision rounds off in a few hundred sums."""
    return np.abs(found - wanted).max() <= 2e-6 * np.abs(wanted).max()


def row_of(observation):
    return np.append(observation.ravel(), np.float32(1)).astype(np.float32)


@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
@pytest.mark.parametrize("extra", ["none", "transform", "clip", "both"])
def test_a_stack(activation, extra):
    drawn = np.random.default_rng(3)
    transform = Transform(drawn.normal(size=6), drawn.uniform(0.1, 2, 6), -1.5, 1.5)
    clip = InputClip(np.full(6, -0.5), np.full(6, 0.7))
    network = Network(
        Stack(layers(drawn, (6, 64, 64, 5), activation)),
        transform=transform if extra in ("transform", "both") else None,
        input_clip=clip if extra in ("clip", "both") else None,
    )
    forward = forward_of(network, (6,))
    seen = drawn.normal(size=(50, 6)).astype(np.float32)
    found = np.stack([forward(row_of(one)).copy() for one in seen])
    assert same(found, network.logits(seen))


def test_an_observation_of_several_dimensions_is_flattened():
    drawn = np.random.default_rng(4)
    network = Network(Stack(layers(drawn, (12, 8, 3), "relu")))
    seen = drawn.normal(size=(5, 3, 4)).astype(np.float32)
    forward = forward_of(network, (3, 4))
    found = np.stack([forward(row_of(one)).copy() for one in seen])
    assert same(found, network.logits(seen))


def test_a_scorer_over_items():
    drawn = np.random.default_rng(5)
    body = Scorer(
        layers(drawn, (4, 8, 8), "tanh", "tanh"),
        layers(drawn, (16, 8, 1), "tanh"),
        layers(drawn, (8, 8, 2), "tanh"),
    )
    network = Network(body, masked=True)
    seen = drawn.normal(size=(6, 5, 4)).astype(np.float32)
    seen[..., 0] = drawn.random((6, 5)) < 0.6
    forward = forward_of(network, (5, 4))
    found = np.stack([forward(row_of(one)).copy() for one in seen])
    assert same(found, network.logits(seen))


def test_the_bias_counts_in_the_first_layer_as_in_the_last():
    network = Network(Stack((Dense(np.zeros((2, 3)), np.array([1.0, -2.0])),)))
    assert forward_of(network, (3,))(row_of(np.ones(3))).tolist() == [1.0, -2.0]
