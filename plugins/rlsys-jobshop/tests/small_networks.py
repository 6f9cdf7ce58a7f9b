"""Small networks with random weights that score the candidates of a job shop."""

from __future__ import annotations

import numpy as np

from rlsys.network import Dense, Network, Scorer
from rlsys_jobshop.simulator.features import NAMES

FEATURES = len(NAMES)


def dense(generator, inputs, outputs, activation="tanh"):
    return Dense(
        generator.normal(size=(outputs, inputs)), generator.normal(size=outputs), activation
    )


def random_scorer(seed, features=FEATURES, rest=False):
    """A network with eight hidden units per candidate."""
    generator = np.random.default_rng(seed)
    body = Scorer(
        encoder=(dense(generator, features, 8),),
        scorer=(dense(generator, 16, 8), dense(generator, 8, 1, "linear")),
        rest=(dense(generator, 8, 1, "linear"),) if rest else (),
    )
    return Network(body, masked=True)


def shortest_first():
    """A network that is the rule spt: its logit is minus the duration."""
    encode = np.zeros((1, FEATURES))
    encode[0, NAMES.index("duration")] = 1.0
    body = Scorer(
        encoder=(Dense(encode, np.zeros(1)),), scorer=(Dense(np.array([[-1.0, 0.0]]), np.zeros(1)),)
    )
    return Network(body, masked=True)
