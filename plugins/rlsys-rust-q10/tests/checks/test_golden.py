"""Golden vectors: what is chosen, and the file that carries them."""

from __future__ import annotations

import struct

import numpy as np
import plain_fixed
import pytest
from drawn_networks import dense, scorers, stacks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys.network import Decoding, Network, Scorer, Stack
from rlsys_rust_q10.arithmetic.fold import fold
from rlsys_rust_q10.arithmetic.quantise import quantise
from rlsys_rust_q10.checks import golden
from rlsys_rust_q10.checks.fidelity import Met
from rlsys_rust_q10.checks.ties import find_boundary
from rlsys_rust_q10.checks.vectors import choose


def policy_of(network, low, high, bits=10):
    return quantise(fold(network, low, high), bits)


def steering(masked=True, decoding=None, outputs=5):
    rng = np.random.default_rng(5)
    body = Stack((dense(rng, 12, 4, "relu"), dense(rng, outputs, 12)))
    network = Network(body, decoding or Decoding(), masked=masked)
    return policy_of(network, -np.ones(4), np.ones(4))


def scoring(masked=True):
    rng = np.random.default_rng(6)
    body = Scorer((dense(rng, 6, 3, "relu"),), (dense(rng, 1, 12),), (dense(rng, 2, 6),))
    return policy_of(Network(body, masked=masked), np.zeros((4, 3)), np.ones((4, 3)))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(stacks(), scorers()), st.integers(4, 16))
def test_reading_gives_what_was_written(tmp_path, drawn, bits):
    policy = policy_of(*drawn, bits)
    chosen = choose(policy, [], 100)
    path = tmp_path / "vectors.bin"
    golden.write(path, policy, chosen.batches)
    again = golden.read(path, policy.decisions)
    assert golden.equal(chosen.batches, again)
    assert sum(len(batch) for batch in again) == len(chosen) >= 100
    for batch in again:
        masks = batch.masks if policy.masked else None
        assert (batch.masks is not None) == policy.masked
        assert np.array_equal(policy.logits(batch.observations), batch.logits)
        decided = policy.act(batch.observations, masks).reshape(len(batch), -1)
        assert np.array_equal(decided, batch.actions)


@pytest.mark.parametrize("policy", [steering(), scoring()], ids=["stack", "scorer"])
def test_the_file_has_the_documented_layout(policy, tmp_path):
    chosen = choose(policy, [], 100)
    path = tmp_path / "vectors.bin"
    golden.write(path, policy, chosen.batches)
    content = path.read_bytes()
    assert content[:4] == b"RLQG"
    words = [w for (w,) in struct.iter_unpack("<i", content)]
    shape = [1, 3, 2, 1] if policy.scorer else [0, 4, 5, 5]
    assert words[1:7] == [1, len(chosen), *shape]
    place = 7
    for _ in range(words[2]):
        items = []
        if policy.scorer:
            count = words[place]
            place += 1
            items = [words[place + 3 * i : place + 3 * i + 3] for i in range(count)]
            place += 3 * count
            outputs = count + 2
        else:
            items = words[place : place + 4]
            place += 4
            outputs = 5
        mask, logits = (words[place + k * outputs :][:outputs] for k in (0, 1))
        place += 2 * outputs
        assert plain_fixed.logits(policy, items) == logits
        assert plain_fixed.decide(policy, logits, mask) == [words[place]]
        place += 1
    assert place == len(words)


@pytest.mark.parametrize("policy", [steering(), scoring()], ids=["stack", "scorer"])
def test_there_is_something_of_every_kind(policy):
    shape, actions = ((700, 4, 3), 6) if policy.scorer else ((700, 4), 5)
    met = [Met(np.zeros(shape), np.full(shape, 77), np.ones((700, actions), bool))]
    chosen = choose(policy, met, 1000)
    assert len(chosen) >= 1000
    rows = [pair for b in chosen.batches for pair in zip(b.observations, b.masks, strict=True)]
    low, high = policy.span
    assert sum((x == 77).all() for x, _ in rows if x.size) == 400
    assert any((x == low).all() for x, _ in rows)
    assert any((x == high).all() for x, _ in rows)
    assert any((x == 0).all() and x.size for x, _ in rows)
    assert any((x == -(2**31)).any() for x, _ in rows)
    assert any((x == 2**31 - 1).any() for x, _ in rows)
    assert policy.scorer or any(((x < 0) & (x >= low)).any() for x, _ in rows)
    assert sum(not mask.any() for _, mask in rows) == chosen.nothing_allowed > 10
    assert any(mask.all() for _, mask in rows)
    assert chosen.exact_ties > 0
    if policy.scorer:
        assert {len(x) for x, _ in rows} >= {0, 1, 4, policy.max_items}


def test_the_same_arguments_give_the_same_vectors():
    assert golden.equal(choose(steering(), [], 500).batches, choose(steering(), [], 500).batches)
    other = choose(steering(), [], 500, seed=1).batches
    assert not golden.equal(choose(steering(), [], 500).batches, other)


@pytest.mark.parametrize(
    "policy",
    [steering(), steering(masked=False), steering(False, Decoding("multi-argmax", sizes=(2, 3)))],
    ids=["masked", "unmasked", "groups"],
)
def test_boundaries_are_where_contenders_are_nearly_equal(policy):
    found = find_boundary(policy, np.random.default_rng(0), 300, 0)
    assert len(found.gaps) > 100
    assert (found.gaps == 0).sum() > 5
    logits = policy.logits(found.observations)
    for row, contenders, gap in zip(logits, found.contenders, found.gaps, strict=True):
        values = sorted(row[contenders])
        assert len(values) >= 2
        assert values[-1] - values[-2] <= gap
        if policy.masked:
            assert len(values) == 2
            assert values[1] - values[0] == gap
        if gap == 0:
            decided = policy.decode(row[None], contenders[None] if policy.masked else None)
            if not policy.decoding.sizes:
                tied = np.flatnonzero(contenders & (row == values[-1]))
                assert len(tied) >= 2
                assert decided[0] == tied[0]
    # Nearer than any random input comes.
    assert np.median(found.gaps) <= 2


def test_a_policy_that_never_changes_its_mind_has_no_boundary():
    rng = np.random.default_rng(0)
    layer = dense(rng, 3, 4)
    network = Network(Stack((type(layer)(0 * layer.weight, np.array([1.0, 2, 3])),)), masked=True)
    policy = policy_of(network, -np.ones(4), np.ones(4))
    assert len(find_boundary(policy, rng, 100, 0).gaps) == 0
    assert len(choose(policy, [], 200)) >= 200


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda b: b[:-4], "ends within a record"),
        (lambda b: b[:-1], "buffer size"),
        (lambda b: b + bytes(4), "follows the last record"),
        (lambda b: b"XXXX" + b[4:], "does not begin"),
        (lambda b: b[:4] + struct.pack("<i", 2) + b[8:], "does not begin"),
        (lambda _: b"", "does not begin"),
    ],
)
def test_a_torn_file_is_refused(spoil, reason, tmp_path):
    policy = steering()
    path = tmp_path / "vectors.bin"
    golden.write(path, policy, choose(policy, [], 100).batches)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(UserError, match=f"vectors.bin: not readable golden vectors: .*{reason}"):
        golden.read(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"nothing\.bin"):
        golden.read(tmp_path / "nothing.bin")


def test_one_changed_number_is_seen(tmp_path):
    policy = steering()
    batches = choose(policy, [], 100).batches
    path = tmp_path / "vectors.bin"
    golden.write(path, policy, batches)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    assert not golden.equal(golden.read(path), batches)
