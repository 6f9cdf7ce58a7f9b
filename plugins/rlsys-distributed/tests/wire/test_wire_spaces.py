"""Spaces come out as they went in, as messages and as configuration."""

from __future__ import annotations

import json
import math

import gymnasium
import numpy as np
import pytest

from rlsys_distributed.client.gymnasium_spaces import space_of
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.spaces import (
    Box,
    Discrete,
    MultiDiscrete,
    as_json,
    from_space,
    of_json,
    to_space,
)

SPACES = [
    Discrete(3),
    Discrete(4, start=-2),
    MultiDiscrete((3, 2)),
    Box((8,)),
    Box((2, 2), (-1.0,), (1.0,)),
    Box((3,), (-1.0, -math.inf, 0.0), (1.0, math.inf, 5.0)),
    Box((84, 84), (0.0,), (255.0,), "uint8"),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_a_space_comes_out_as_it_went_in(space):
    sent = pb.Space.FromString(to_space(space).SerializeToString())
    assert from_space(sent, "action") == space
    assert of_json(json.loads(json.dumps(as_json(space), allow_nan=False)), "action") == space


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (None, "must have one of discrete, multi_discrete, box"),
        ({"discrete": {"n": 2}, "box": {"shape": [2]}}, "must have one of"),
        ({"discret": {"n": 2}}, "'discret' must be one of"),
        ({"discrete": {}}, "'n' is missing"),
        ({"discrete": {"n": 0}}, "n must be 1 to"),
        ({"discrete": {"n": 2.5}}, "must be a whole number, not 2.5"),
        ({"discrete": {"n": True}}, "must be a whole number, not True"),
        ({"discrete": {"n": 2, "begin": 1}}, "unknown key 'begin'; known: n, start"),
        ({"multi_discrete": {"n": [2, 0]}}, "every n must be at least 1"),
        ({"box": {"shape": [0]}}, "every size must be at least 1"),
        ({"box": {"shape": [2], "low": [0, 0, 0]}}, "low must have 1 or 2 values, not 3"),
        ({"box": {"shape": [2], "low": 1, "high": 0}}, "every low must be at most its high"),
        ({"box": {"shape": [2], "low": math.nan}}, "every low must be at most its high"),
        ({"box": {"shape": [2], "dtype": "int8"}}, "dtype must be float32 or uint8"),
        ({"box": {"shape": [2], "low": "small"}}, "could not convert"),
    ],
)
def test_what_is_impossible_is_named(document, says):
    with pytest.raises(WireError, match=says) as caught:
        of_json(document, "action_space")
    assert str(caught.value).startswith("action_space")


def test_a_message_without_a_space_is_refused():
    with pytest.raises(WireError, match="observation: no space"):
        from_space(pb.Space(), "observation")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (gymnasium.spaces.Discrete(5, start=1), Discrete(5, 1)),
        (gymnasium.spaces.MultiDiscrete([3, 2]), MultiDiscrete((3, 2))),
        (gymnasium.spaces.Box(-1, 1, (2,), np.float64), Box((2,), (-1.0, -1.0), (1.0, 1.0))),
        (
            gymnasium.spaces.Box(0, 255, (2, 1), np.uint8),
            Box((2, 1), (0.0, 0.0), (255.0, 255.0), "uint8"),
        ),
    ],
)
def test_gymnasium_spaces_are_understood(theirs, ours):
    assert space_of(theirs, "observation_space") == ours


@pytest.mark.parametrize(
    "theirs",
    [
        gymnasium.spaces.Dict(),
        gymnasium.spaces.Text(3),
        gymnasium.spaces.MultiDiscrete([3, 2], start=[1, 0]),
    ],
)
def test_other_spaces_of_gymnasium_are_refused_by_name(theirs):
    from rlsys.errors import UserError

    with pytest.raises(UserError, match=r"observation_space: .* cannot be sent; allowed are"):
        space_of(theirs, "observation_space")


def test_bytes_have_the_bounds_of_bytes():
    assert Box((2,), dtype="uint8") == Box((2,), (0.0,), (255.0,), "uint8")
    assert of_json({"box": {"shape": [2], "dtype": "uint8"}}, "s").bounds()[1].tolist() == [
        255,
        255,
    ]
    assert from_space(to_space(Box((2,), (1.0,), dtype="uint8")), "s").low == (1.0,)
    for low, high in (((-1.0,), (255.0,)), ((0.5,), (255.0,)), ((0.0,), (256.0,))):
        with pytest.raises(WireError, match="whole numbers from 0 to 255"):
            Box((2,), low, high, "uint8")
    with pytest.raises(WireError, match="whole numbers from 0 to 255"):
        Box((2,), (math.nan,), (255.0,), "uint8")
