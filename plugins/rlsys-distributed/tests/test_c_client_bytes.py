"""Pixels and other bytes from C and C++: what a program observes is what is decided on and kept."""

from __future__ import annotations

import numpy as np
import pytest
from c_client import Failed
from front_server import WAIT, eventually

from rlsys.network import Decoding, Dense, Network, Stack, Transform
from rlsys_distributed.client import Agent
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.spaces import Box
from rlsys_distributed.wire.tensors import from_tensor

pytestmark = pytest.mark.slow

ARGUMENT, NOT_FINITE = 1, 4
"""Values of rlsys_status."""
ACTIONS = 5
SPACES = {
    "observation_space": {"box": {"shape": [4, 4], "dtype": "uint8", "low": 0, "high": 255}},
    "action_space": {"discrete": {"n": ACTIONS, "start": 3}},
}


def seeing() -> Network:
    """Return a network for 16 bytes, which sees them as 0 to 1."""
    drawn = np.random.default_rng(0)
    return Network(
        Stack(
            (
                Dense(2 * drawn.normal(size=(32, 16)), drawn.normal(size=32), "tanh"),
                Dense(drawn.normal(size=(ACTIONS, 32)), drawn.normal(size=ACTIONS)),
            )
        ),
        Decoding("argmax", start=3),
        Transform(np.zeros(16, np.float32), np.full(16, 1 / 255, np.float32)),
    )


def frames(count, seed=0):
    """Return observations (count, 4, 4); 0 and 255 are in the first, and all bytes in 16."""
    drawn = np.random.default_rng(seed)
    every = drawn.permutation(np.arange(256, dtype=np.uint8))
    more = drawn.integers(0, 256, size=16 * max(0, count - 16), dtype=np.uint8)
    found = np.concatenate([every, more])[: 16 * count].reshape(count, 4, 4)
    found[0, 0, :2] = 0, 255
    return found


@pytest.fixture
def connect(serve, c_program):
    """Return a function that starts a program with the model `seeing`, if not told otherwise."""

    def start(**keys):
        server, program = serve(), c_program()
        config = {"client_id": "c", "train_server_address": server.address, **SPACES, **keys}
        program.open({"first_model_timeout": 0, "model": "shared", **config})
        assert eventually(lambda: program.statistics["connections"]), program.said()
        server.learner("shared").publish(1, seeing())
        assert eventually(lambda: program.statistics["version"] == 1), program.said()
        return server, program

    return start


def kept(server, count):
    """Return trajectories of the journal."""
    return [record.trajectory for record in server.learner("shared").records(count)]


def test_the_journal_has_exactly_the_bytes_that_were_observed(connect):
    server, program = connect(max_traj_length=6)
    seen, last = frames(16), frames(1, seed=1)[0]
    for frame in seen[:10]:  # a piece of six steps, and four that are stopped
        program.step(frame.ravel())
    program.ask("truncate", *last.ravel())
    for frame in seen[10:]:
        program.step(frame.ravel())
    program.ask("end")
    assert program.flush(WAIT)
    assert program.statistics["refused"] == 0
    pieces = kept(server, 3)
    assert [piece.ending for piece in pieces] == [pb.CUT, pb.TRUNCATED, pb.TERMINATED]
    for piece, frame, following in zip(
        pieces, (seen[:6], seen[6:10], seen[10:]), (seen[6], last, None), strict=True
    ):
        assert piece.observations.type == pb.UINT8
        assert tuple(piece.observations.shape) == frame.shape
        assert piece.observations.data == frame.tobytes()
        if following is not None:
            assert piece.next_observation.type == pb.UINT8
            assert tuple(piece.next_observation.shape) == (4, 4)
            assert piece.next_observation.data == following.tobytes()


def test_actions_are_drawn_with_what_the_model_sees_in_the_bytes(connect):
    server, program = connect()
    seen = frames(64)
    acts = [program.step(frame.ravel()) for frame in seen]
    program.ask("end")
    assert program.flush(WAIT)
    (piece,) = kept(server, 1)
    assert from_tensor(piece.actions, "actions").tolist() == acts
    logits = seeing().logits(seen.reshape(64, 16).astype(np.float32)).astype(np.float64)
    normal = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    wanted = normal[np.arange(64), np.array(acts) - 3]
    assert np.ptp(wanted) > 1  # it depends on what is seen
    found = from_tensor(piece.log_probabilities, "log_probabilities")
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_decisions_are_those_of_the_python_client(connect):
    server, program = connect(explore=False)
    seen = frames(200)
    config = {"client_id": "python", "train_server_address": server.address, **SPACES}
    with Agent({**config, "model": "shared", "explore": False}) as agent:
        decided = [int(agent.request_for_action(None, frame)[1].act) for frame in seen]
        assert agent.version == 1
    assert [program.step(frame.ravel()) for frame in seen] == decided
    assert len(set(decided)) >= 3
    logits = np.sort(seeing().logits(seen.reshape(200, 16).astype(np.float32)), axis=1)
    assert (logits[:, -1] - logits[:, -2]).min() > 1e-4  # no decision hangs on rounding


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [
        (256, ARGUMENT, "is 256; a uint8 space has whole numbers 0 to 255"),
        (-1, ARGUMENT, "is -1; a uint8 space has whole numbers 0 to 255"),
        (0.5, ARGUMENT, "is 0.5; a uint8 space has whole numbers 0 to 255"),
        (254.5, ARGUMENT, "is 254.5; a uint8 space has whole numbers 0 to 255"),
        (1e30, ARGUMENT, "is 1e+30; a uint8 space has whole numbers 0 to 255"),
        ("nan", NOT_FINITE, "is nan; give finite numbers"),
        ("inf", NOT_FINITE, "is inf; give finite numbers"),
    ],
)
def test_what_is_no_byte_is_refused_and_the_program_goes_on(connect, value, status, reason):
    server, program = connect()
    good = frames(1)[0].ravel()
    bad = [*good[:5], value, *good[6:]]
    program.step(good)
    for command in ("step", "truncate"):
        with pytest.raises(Failed) as caught:
            program.ask(command, *bad)
        assert caught.value.status == status
        assert caught.value.text == f"value 5 of the observation {reason}"
    program.ask("truncate", *good)
    assert program.flush(WAIT)
    (piece,) = kept(server, 1)
    assert piece.observations.data == piece.next_observation.data == good.tobytes()


def test_a_space_of_bytes_goes_from_0_to_255_unless_its_bounds_say_less(connect, c_program):
    space = {"box": {"shape": [4, 4], "dtype": "uint8"}}
    server, _ = connect(observation_space=space)
    spec = server.server.registry.models["shared"].spec
    assert spec.observation == Box((4, 4), (0.0,), (255.0,), "uint8")
    for key, value in (("low", -1), ("high", 256), ("high", 0.5)):
        with pytest.raises(Failed, match=rf"\.{key} must be whole numbers from 0 to 255, because"):
            c_program().open(
                {
                    "client_id": "d",
                    **SPACES,
                    "observation_space": {"box": {**space["box"], key: value}},
                }
            )
