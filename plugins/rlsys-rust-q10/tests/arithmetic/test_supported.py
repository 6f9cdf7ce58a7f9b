"""Networks that are refused before any arithmetic, each with its reason."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys.errors import UserError
from rlsys.network import Decoding, Dense, Network, Scorer, Stack
from rlsys_rust_q10.arithmetic.supported import check_supported


def layer(outputs, inputs):
    return Dense(np.zeros((outputs, inputs)), np.zeros(outputs))


ONE = np.ones(1, np.float32)
TWO = Stack((layer(2, 3),))


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Network(Stack(())), "no layers"),
        (Network(Stack((layer(4, 3), layer(2, 5)))), r"layers\[1\] takes 5 values and gets 4"),
        (Network(Stack((layer(0, 3),))), r"layers\[0\] is empty"),
        (Network(Stack((layer(600, 500),))), r"300600 parameters, .*flash"),
        (Network(TWO, Decoding(start=-1)), "counted from -1"),
        (Network(TWO, Decoding("multi-argmax", sizes=(1, 2))), r"groups of \[1, 2\]"),
        (Network(TWO, Decoding("multi-argmax", sizes=(2, 0))), r"groups of \[2, 0\]"),
        (Network(TWO, Decoding("clip")), "no finite bound 'low'"),
        (Network(TWO, Decoding("clip", low=ONE, high=ONE * np.inf)), "no finite bound 'high'"),
        (Network(TWO, Decoding("tanh", low=np.zeros(3), high=ONE)), "3 action bounds 'low'"),
        (Network(TWO, Decoding("clip", low=ONE, high=ONE), masked=True), "cannot be masked"),
        (Network(Scorer((), ())), "no scorer layers"),
        (Network(Scorer((), (layer(2, 4),))), "has 2 outputs; an item has one"),
        (Network(Scorer((), (layer(1, 5),))), r"scorer\[0\] takes 5 values and gets 4"),
        (Network(Scorer((layer(3, 2),), (layer(1, 4),))), r"scorer\[0\] takes 4 values and gets 6"),
        (
            Network(Scorer((layer(3, 2),), (layer(1, 6),), (layer(1, 2),))),
            r"rest\[0\] takes 2 values and gets 3",
        ),
        (
            Network(Scorer((), (layer(1, 4),)), Decoding("multi-argmax", sizes=(2, 2))),
            "decides by argmax, not by 'multi-argmax'",
        ),
        (Network(Scorer((), (layer(1, 4),)), Decoding(start=-3)), "counted from -3"),
    ],
)
def test_refused_with_its_reason(network, reason):
    with pytest.raises(UserError, match=reason):
        check_supported(network)


@pytest.mark.parametrize(
    "network",
    [
        Network(TWO),
        Network(TWO, Decoding(start=5), masked=True),
        Network(TWO, Decoding("tanh", low=-ONE, high=ONE)),
        Network(Scorer((), (layer(1, 4),))),
        Network(Scorer((layer(3, 2),), (layer(5, 6), layer(1, 5)), (layer(2, 3),)), masked=True),
    ],
)
def test_accepted(network):
    check_supported(network)
