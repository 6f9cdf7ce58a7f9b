"""Random networks of both shapes for property tests, and their observation bounds."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from rlsys.network import Decoding, Dense, Network, Scorer, Stack, Transform

ACTIVATIONS = ("linear", "relu", "tanh")


def dense(rng, outputs, inputs, activation="linear", gain=1.5):
    """Return a layer whose outputs are about `gain` times as large as its inputs."""
    weight = rng.normal(scale=gain / np.sqrt(inputs), size=(outputs, inputs))
    return Dense(weight, rng.normal(scale=0.2, size=outputs), activation)


def layers(draw, rng, inputs, outputs, most=2):
    """Return hidden layers of drawn sizes and activations, and a linear one."""
    found = []
    for _ in range(draw(st.integers(0, most))):
        width = draw(st.integers(1, 9))
        gain = draw(st.sampled_from((0.5, 2.0, 20.0)))
        found.append(dense(rng, width, inputs, draw(st.sampled_from(ACTIVATIONS)), gain))
        inputs = width
    return (*found, dense(rng, outputs, inputs))


def transform(draw, rng, features):
    """Return a transform, sometimes with constant or flipped features, or None."""
    kind = draw(st.sampled_from(("none", "open", "clipped")))
    if kind == "none":
        return None
    scale = rng.uniform(0.2, 3.0, features) * rng.choice([-1.0, 0.0, 1.0, 1.0], features)
    low, high = (-np.inf, np.inf) if kind == "open" else (-1.5, 1.0)
    return Transform(rng.normal(size=features), scale, low, high)


@st.composite
def stacks(draw, decodings=("argmax", "multi-argmax", "clip", "tanh"), transforms=True):
    """A stack with its lowest and highest observation."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    inputs, outputs = draw(st.integers(1, 9)), draw(st.integers(1, 7))
    kind = draw(st.sampled_from(decodings))
    low = rng.uniform(-2, 0, outputs).astype(np.float32)
    decoding = {
        "argmax": Decoding(start=draw(st.sampled_from((0, 3)))),
        "multi-argmax": Decoding("multi-argmax", sizes=(1,) * (outputs - 1) + (1,)),
        "clip": Decoding("clip", low=low, high=low + 1),
        "tanh": Decoding("tanh", low=low, high=low + 3),
    }[kind]
    if kind == "multi-argmax" and outputs > 2:
        decoding = Decoding("multi-argmax", sizes=(2, outputs - 2))
    network = Network(
        Stack(layers(draw, rng, inputs, outputs)),
        decoding,
        transform(draw, rng, inputs) if transforms else None,
        masked=kind.endswith("argmax") and draw(st.booleans()),
    )
    lowest = rng.uniform(-3, 1, inputs)
    return network, lowest, lowest + rng.uniform(0, 4, inputs)


@st.composite
def scorers(draw, transforms=True):
    """A scorer with its lowest and highest observation of four items."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    features, code = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    encoder = layers(draw, rng, features, code, most=1)
    if draw(st.booleans()):
        encoder, code = (), features
    rest = layers(draw, rng, code, draw(st.integers(1, 3)), most=1) if draw(st.booleans()) else ()
    network = Network(
        Scorer(encoder, layers(draw, rng, 2 * code, 1, most=1), rest),
        transform=transform(draw, rng, features) if transforms else None,
        masked=draw(st.booleans()),
    )
    low = np.full((4, features), -1.0)
    low[:, 0] = 0.0
    return network, low, np.ones((4, features))


def float64_logits(network, observations):
    """Return the network's logits, computed in float64 throughout."""

    def run(chain, x):
        for layer in chain:
            x = x @ layer.weight.astype(float).T + layer.bias.astype(float)
            x = {"relu": lambda v: np.maximum(v, 0), "tanh": np.tanh}.get(
                layer.activation, lambda v: v
            )(x)
        return x

    x = np.asarray(observations, dtype=float)
    present = x[..., :1] if x.ndim == 3 else None
    if network.transform is not None:
        t = network.transform
        x = np.clip((x - t.shift.astype(float)) * t.scale.astype(float), t.low, t.high)
    if present is None:
        return run(network.body.layers, x)
    code = run(network.body.encoder, x)
    context = (code * present).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    spread = np.broadcast_to(context[:, None], code.shape)
    scores = run(network.body.scorer, np.concatenate([code, spread], axis=-1))[..., 0]
    if not network.body.rest:
        return scores
    return np.concatenate([scores, run(network.body.rest, context)], axis=-1)


def observations(rng, low, high, count=50):
    """Return random observations within the bounds; some of the items are absent."""
    x = rng.uniform(low, high, (count, *np.shape(low)))
    if x.ndim == 3:
        x[..., 0] = rng.random(x.shape[:2]) < 0.7
        x *= x[..., :1]
    return x
