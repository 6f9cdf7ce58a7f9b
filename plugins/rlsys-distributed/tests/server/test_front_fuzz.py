"""Ten thousand messages that no client would send: clean status codes, and the server goes on."""

from __future__ import annotations

import random

import grpc
import numpy as np
from front_server import RawClient, trajectory

from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.calls import metadata
from rlsys_distributed.wire.spaces import Box, Discrete, to_space

MESSAGES = 10_000
CLEAN = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ALREADY_EXISTS,
}


def damaged(drawn: random.Random, message: bytes) -> bytes:
    """Return a message with some bytes changed, taken out, or put in."""
    data = bytearray(message)
    for _ in range(drawn.randrange(1, 8)):
        kind, place = drawn.randrange(4), drawn.randrange(len(data) + 1)
        if kind == 0 and place < len(data):
            data[place] = drawn.randrange(256)
        elif kind == 1:
            del data[place : place + drawn.randrange(1, 20)]
        elif kind == 2:
            data[place:place] = drawn.randbytes(drawn.randrange(1, 20))
        else:
            del data[place:]
    return bytes(data)


def wrong_in_meaning(drawn: random.Random) -> pb.Trajectory:
    """Return a trajectory whose fields do not belong together."""
    told = trajectory(1, steps=drawn.randrange(1, 5))
    tensors = [told.observations, told.actions, told.rewards, told.log_probabilities]
    for _ in range(drawn.randrange(1, 4)):
        tensor = drawn.choice(tensors)
        change = drawn.randrange(5)
        if change == 0:
            tensor.type = drawn.randrange(0, 12)
        elif change == 1:
            tensor.shape[:] = [drawn.choice([0, 1, 3, 2**31, 2**62]) for _ in range(3)]
        elif change == 2:
            tensor.data = drawn.randbytes(drawn.randrange(0, 64))
        elif change == 3:
            tensor.shape.extend([1] * drawn.randrange(1, 70))
        else:
            tensor.Clear()
    told.ending = drawn.choice([0, 1, 2, 3, 77])
    if drawn.random() < 0.3:
        told.versions.extend([pb.VersionRun(version=2**63, steps=2**31)])
    told.sequence = drawn.choice([0, 1, 2, 5, 2**63])
    return told


def registration(drawn: random.Random) -> pb.RegisterRequest:
    """Return a registration that was damaged in its meaning."""
    request = pb.RegisterRequest(
        client_id=drawn.choice(["", "ok", "a/b", "\u2603", "x" * 5000]),
        instance=drawn.randbytes(drawn.choice([0, 3, 16, 99])),
        observation=to_space(Box((drawn.choice([1, 4]),))),
        action=to_space(Discrete(2)),
        settings=drawn.choice(["", "{", "null", '{"gamma": "much"}', '{"steps": 1e999}', "\x00"]),
        algorithm=drawn.choice(["", "ppo", "dqn", "td3"]),
    )
    box = request.observation.box
    change = drawn.randrange(6)
    if change == 0:
        box.shape.extend([2**40, 2**40])
    elif change == 1:
        box.low[:] = [np.nan]
    elif change == 2:
        box.type = drawn.randrange(20)
    elif change == 3:
        request.action.discrete.n = drawn.choice([-1, 0, 2**60])
    elif change == 4:
        request.action.multi_discrete.n.extend([2**60] * 4)
    else:
        request.masked = request.items = True
    return request


def test_ten_thousand_malformed_messages(serve):
    drawn = random.Random(17)
    server = serve(limits={"registrations_per_minute": 1_000_000, "models": 100_000})
    good = RawClient(server.address)
    good.register(client_id="good")
    server.learner("good").publish(1)
    codes: dict[grpc.StatusCode, int] = {}
    refused = 0
    attacker = RawClient(server.address)
    session = attacker.register(client_id="bad").session
    server.learner("bad").publish(1)
    valid = trajectory(1).SerializeToString()
    raw_register = attacker._channel.unary_unary(
        "/rlsys.distributed.v1.Trainer/Register",
        request_serializer=bytes,
        response_deserializer=pb.RegisterResponse.FromString,
    )
    raw_stream = attacker._channel.stream_stream(
        "/rlsys.distributed.v1.Trainer/Trajectories",
        request_serializer=bytes,
        response_deserializer=pb.Acknowledgement.FromString,
    )
    sent = 0
    while sent < MESSAGES:
        kind = drawn.randrange(5)
        try:
            if kind == 0:
                request = registration(drawn).SerializeToString()
                message = damaged(drawn, request) if drawn.random() < 0.5 else request
                raw_register(message, metadata=metadata(None), timeout=60)
                sent += 1
                continue
            if kind == 1:  # damaged parts
                part = pb.Part(data=valid, end=True, size=len(valid)).SerializeToString()
                messages = [damaged(drawn, part) for _ in range(8)]
            elif kind == 2:  # whole parts with a damaged trajectory
                whole = [damaged(drawn, valid) for _ in range(8)]
                messages = [
                    pb.Part(data=w, end=True, size=len(w)).SerializeToString() for w in whole
                ]
            elif kind == 3:  # parts that lie about their size
                messages = [
                    pb.Part(
                        data=drawn.randbytes(9),
                        end=drawn.random() < 0.5,
                        size=drawn.choice([0, 9, 2**63]),
                    ).SerializeToString()
                    for _ in range(8)
                ]
            else:  # trajectories that make no sense
                told = [wrong_in_meaning(drawn).SerializeToString() for _ in range(8)]
                messages = [
                    pb.Part(data=t, end=True, size=len(t)).SerializeToString() for t in told
                ]
            sent += len(messages)
            answers = list(raw_stream(iter(messages), metadata=metadata(None, session), timeout=60))
            refused += sum(len(answer.refusals) for answer in answers)
        except grpc.RpcError as error:
            codes[error.code()] = codes.get(error.code(), 0) + 1
    assert set(codes) <= CLEAN, codes
    assert codes[grpc.StatusCode.INVALID_ARGUMENT] > 1000
    assert refused > 0
    # It goes on, for the program beside it and for the one that sent all that.
    assert good.send(trajectory(1))[-1].sequence == 1
    (record,) = server.learner("good").records(1)
    assert record.trajectory == trajectory(1)
    attacker.register(client_id="bad", instance=bytes(16))
    assert attacker.send(trajectory(1))[-1].sequence == 1
