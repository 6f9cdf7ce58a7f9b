"""Model updates: bit for bit, or rounded in the same way on both sides."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from rlsys.network import Decoding, Dense, InputClip, Network, Stack, Transform
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.model import Version, gaussian, network_of, softmax, version_of
from rlsys_distributed.wire.updates import apply, difference, smallest, whole

MOST = 1 << 20
INCARNATION = bytes(16)


def network(seed: int, scale: float = 1.0, hidden: int = 16) -> Network:
    drawn = np.random.default_rng(seed)
    return Network(
        Stack(
            (
                Dense(scale * drawn.normal(size=(hidden, 4)), drawn.normal(size=hidden), "tanh"),
                Dense(scale * drawn.normal(size=(2, hidden)), drawn.normal(size=2)),
            )
        ),
        Decoding("clip", low=np.full(2, -1.0), high=np.full(2, 1.0)),
        Transform(drawn.normal(size=4), drawn.uniform(0.5, 2.0, size=4), -10.0, 10.0),
        input_clip=InputClip(np.full(4, -5.0), np.full(4, 5.0)),
        notes={"agent": "ppo"},
    )


def version(number: int, seed: int = 0, scale: float = 1.0) -> Version:
    log_std = np.array([-0.5, 0.25], np.float32)
    return version_of(number, network(seed, scale), gaussian(), log_std)


def test_a_whole_version_is_the_network():
    sent = version(1)
    update = pb.ModelUpdate.FromString(whole(sent, INCARNATION).update.SerializeToString())
    received = apply(None, update, MOST)
    assert received.data == sent.data
    found, log_std = network_of(received)
    assert log_std is not None
    assert log_std.tolist() == [-0.5, 0.25]
    seen = np.random.default_rng(5).normal(size=(20, 4)).astype(np.float32)
    assert np.array_equal(found.act(seen), network(0).act(seen))
    assert found.notes == {}


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_an_exact_difference_leads_to_the_same_bits(before, after):
    held, new = version(7, before), version(8, after)
    release = difference(held, new, INCARNATION, pb.EXACT)
    received = apply(held, release.update, MOST)
    assert received.data == new.data == release.held.data
    assert received.number == 8


def test_a_difference_is_what_the_protocol_says():
    """Exclusive or, all first bytes of four before all second ones, compressed with zstd."""
    held, new = version(1, 1), version(2, 2)
    content = zstandard.decompress(
        difference(held, new, INCARNATION, pb.EXACT).update.data,
        max_output_size=len(new.data),
    )
    changed = [a ^ b for a, b in zip(held.data, new.data, strict=True)]
    assert list(content) == [
        changed[i] for plane in range(4) for i in range(plane, len(changed), 4)
    ]


def test_a_small_step_of_training_makes_a_small_difference():
    held = version(1, 3)
    arrays = held.layout.arrays(held.data)
    weights = b"".join(
        (a * np.float32(1 + 1e-5)).tobytes() if a.dtype == np.float32 else a.tobytes()
        for a in arrays.values()
    )
    new = Version(2, held.layout, weights, held.exploration)
    assert difference(held, new, INCARNATION, pb.EXACT).size < whole(new, INCARNATION).size
    assert smallest(held, new, INCARNATION, pb.EXACT).update.base == 1


@pytest.mark.parametrize(("encoding", "most"), [(pb.FLOAT16, 1e-3), (pb.INT8, 1 / 250)])
def test_rounded_differences_lead_to_the_same_bits_on_both_sides(encoding, most):
    held = version(1, 0)
    reached = held
    for number in range(2, 8):
        new = version(number, number)
        release = difference(reached, new, INCARNATION, encoding)
        received = apply(reached, release.update, MOST)
        assert received.data == release.held.data
        for name, value in new.layout.arrays(new.data).items():
            got = received.layout.arrays(received.data)[name]
            before = reached.layout.arrays(reached.data)[name]
            allowed = most * float(np.abs(value - before).max()) + 1e-6
            assert np.abs(got - value).max() <= allowed, name
        reached = received


def test_what_rounding_leaves_behind_comes_later():
    """The same target again and again: the error of one update is in the next difference."""
    held, target = version(1, 0), version(2, 1)
    errors = []
    for number in range(2, 6):
        new = Version(number, target.layout, target.data, target.exploration)
        held = difference(held, new, INCARNATION, pb.INT8).held
        arrays = held.layout.arrays(held.data), target.layout.arrays(target.data)
        errors.append(max(float(np.abs(arrays[0][n] - arrays[1][n]).max()) for n in arrays[0]))
    assert errors[1] < errors[0] / 50
    assert errors[-1] < 1e-6


def test_float16_differences_never_become_infinite():
    held = version(1, 0)
    new = version(2, 1, scale=1e6)
    received = apply(held, difference(held, new, INCARNATION, pb.FLOAT16).update, MOST)
    assert all(np.isfinite(a).all() for a in received.layout.arrays(received.data).values())


def test_the_checksum_is_crc_32_of_all_tensors():
    sent = version(3)
    assert whole(sent, INCARNATION).update.checksum == zlib.crc32(sent.data)


def test_a_changed_bit_is_noticed():
    sent = whole(version(1), INCARNATION).update
    content = bytearray(zstandard.decompress(sent.data, max_output_size=sent.size))
    content[17] ^= 4
    sent.data = zstandard.compress(bytes(content))
    with pytest.raises(WireError, match="checksum differs"):
        apply(None, sent, MOST)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda u: u.__setattr__("data", b"not zstd"), "version 1: "),
        (lambda u: u.__setattr__("size", u.size - 4), "not .* bytes once decompressed"),
        (lambda u: u.__setattr__("size", u.size + 4), "not .* bytes once decompressed"),
        (lambda u: u.__setattr__("size", MOST + 1), "at most"),
        (lambda u: u.__setattr__("base", 4), "a difference to version 4, but none is held"),
        (lambda u: u.tensors[0].__setattr__("type", 77), "unknown type 77"),
        (lambda u: u.tensors[0].shape.append(3), "bytes, but its tensors take"),
        (lambda u: u.tensors[0].shape.extend([2**30]), "at most"),
    ],
)
def test_updates_that_do_not_fit_are_refused(change, says):
    update = whole(version(1), INCARNATION).update
    change(update)
    with pytest.raises(WireError, match=says):
        apply(None, update, MOST)


def test_a_bomb_is_not_decompressed():
    update = whole(version(1), INCARNATION).update
    update.data = zstandard.compress(bytes(200 << 20))
    with pytest.raises(WireError, match="bytes once decompressed"):
        apply(None, update, MOST)


def test_a_difference_of_another_length_is_refused():
    held, new = version(1, 0), version(2, 1)
    for encoding in (pb.EXACT, pb.FLOAT16, pb.INT8):
        update = difference(held, new, INCARNATION, encoding).update
        update.data, update.size = zstandard.compress(b"1234"), 4
        with pytest.raises(WireError, match="4 bytes, but its tensors take"):
            apply(held, update, MOST)


def test_a_header_that_is_no_network_is_refused():
    sent = version(1)
    broken = Version(
        1, sent.layout.__class__("{}", *list(vars(sent.layout).values())[1:]), sent.data, softmax()
    )
    with pytest.raises(WireError, match="version 1: "):
        network_of(broken)


def test_the_encodings_are_what_a_c_program_would_compute():
    """INT8 by hand: scale, then a byte per value; old + scale * step in single precision."""
    held, new = version(1, 0), version(2, 1)
    update = difference(held, new, INCARNATION, pb.INT8).update
    content = zstandard.decompress(update.data, max_output_size=update.size)
    name = held.layout.names[0]
    old = held.layout.arrays(held.data)[name].ravel()
    (scale,) = struct.unpack("<f", content[:4])
    steps = struct.unpack(f"<{old.size}b", content[4 : 4 + old.size])
    by_hand = [
        np.float32(o) + np.float32(scale) * np.float32(s) for o, s in zip(old, steps, strict=True)
    ]
    received = apply(held, update, MOST)
    assert received.layout.arrays(received.data)[name].ravel().tolist() == by_hand
