"""One network of every kind that an exporter must carry whole."""

from __future__ import annotations

import numpy as np

from rlsys.network import Decoding, Dense, Network, Scorer, Stack, Transform

FEATURES = 6


def dense(rng, inputs, outputs, activation="linear"):
    return Dense(rng.normal(size=(outputs, inputs)), rng.normal(size=outputs), activation)


def stack(rng, **parts):
    layers = (dense(rng, FEATURES, 16, "tanh"), dense(rng, 16, 8, "relu"), dense(rng, 8, 4))
    return Network(Stack(layers), **parts)


def scorer(rng, rest=2, **parts):
    body = Scorer(
        encoder=(dense(rng, FEATURES, 16, "relu"), dense(rng, 16, 8, "tanh")),
        scorer=(dense(rng, 16, 8, "relu"), dense(rng, 8, 1)),
        rest=(dense(rng, 8, 4, "relu"), dense(rng, 4, rest)) if rest else (),
    )
    return Network(body, **parts)


def bare_scorer(rng):
    return Network(Scorer(encoder=(), scorer=(dense(rng, 2 * FEATURES, 1),)))


def transform(rng, low=-1.0, high=1.5):
    return Transform(rng.normal(size=FEATURES), rng.uniform(0.5, 2, size=FEATURES), low, high)


def bounds(third=np.inf):
    low, high = np.float32([-1, -2, -third, 0]), np.float32([1, 2, third, 3])
    return {"low": low, "high": high}


KINDS = {
    "plain": stack,
    "masked": lambda rng: stack(rng, masked=True, transform=transform(rng), notes={"seed": 3}),
    "open clip": lambda rng: stack(rng, transform=transform(rng, high=np.inf)),
    "multi": lambda rng: stack(rng, decoding=Decoding("multi-argmax", sizes=(1, 3))),
    "masked multi": lambda rng: stack(
        rng, masked=True, decoding=Decoding("multi-argmax", sizes=(2, 2))
    ),
    "clip": lambda rng: stack(rng, decoding=Decoding("clip", **bounds())),
    "tanh": lambda rng: stack(rng, decoding=Decoding("tanh", **bounds(5.0))),
    "start": lambda rng: stack(rng, decoding=Decoding(start=2)),
    "scorer": lambda rng: scorer(rng, masked=True, transform=transform(rng)),
    "scorer without rest": lambda rng: scorer(rng, rest=0),
    "scorer without encoder": bare_scorer,
}


def make(kind: str, seed: int = 0) -> Network:
    return KINDS[kind](np.random.default_rng(seed))


def observations(network: Network, seed: int = 1, count: int = 300, items: int = 5):
    """Return observations, with padding for a scorer, and masks."""
    rng = np.random.default_rng(seed)
    if isinstance(network.body, Scorer):
        x = rng.normal(size=(count, items, FEATURES))
        x[..., 0] = rng.random((count, items)) < 0.7
    else:
        x = rng.normal(size=(count, FEATURES)) * 2
    x = x.astype(np.float32)
    masks = rng.random((count, network.logits(x).shape[1])) < 0.5
    masks[:, -1] = True
    return x, masks
