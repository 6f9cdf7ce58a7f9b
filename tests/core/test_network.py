"""The portable network against plain Python arithmetic, and its promises as properties."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys.network import FORMAT, Decoding, Dense, InputClip, Network, Scorer, Stack, Transform

ACTIVATIONS = ("linear", "relu", "tanh")


def dense(rng, inputs, outputs, activation="linear"):
    return Dense(rng.normal(size=(outputs, inputs)), rng.normal(size=outputs), activation)


def stack_network(rng, **parts):
    layers = (dense(rng, 6, 8, "tanh"), dense(rng, 8, 5, "relu"), dense(rng, 5, 4))
    return Network(Stack(layers), **parts)


def scorer_network(rng, features=5, rest=2, **parts):
    body = Scorer(
        encoder=(dense(rng, features, 8, "relu"), dense(rng, 8, 6, "tanh")),
        scorer=(dense(rng, 12, 8, "relu"), dense(rng, 8, 1)),
        rest=(dense(rng, 6, 4, "relu"), dense(rng, 4, rest)) if rest else (),
    )
    return Network(body, **parts)


def items(rng, batch, count, features=5, present=None):
    x = rng.normal(size=(batch, count, features)).astype(np.float32)
    x[..., 0] = 1.0 if present is None else present
    return x * x[..., :1]


# An implementation that shares nothing with the one under test: scalars, loops, math.tanh.


def scalar_layers(layers, x):
    functions = {"linear": float, "relu": lambda v: max(v, 0.0), "tanh": math.tanh}
    for layer in layers:
        x = [
            functions[layer.activation](
                sum(float(w) * v for w, v in zip(row, x, strict=True)) + float(bias)
            )
            for row, bias in zip(layer.weight, layer.bias, strict=True)
        ]
    return x


def scalar_transform(transform, x):
    if transform is None:
        return x
    return [
        min(max((v - float(a)) * float(b), transform.low), transform.high)
        for v, a, b in zip(x, transform.shift, transform.scale, strict=True)
    ]


def scalar_logits(network, observation):
    body, transform = network.body, network.transform
    if isinstance(body, Stack):
        flat = [float(v) for v in np.ravel(observation)]
        return scalar_layers(body.layers, scalar_transform(transform, flat))
    rows = [[float(v) for v in row] for row in observation]
    codes = [scalar_layers(body.encoder, scalar_transform(transform, row)) for row in rows]
    there = [code for code, row in zip(codes, rows, strict=True) if row[0] == 1.0]
    context = [sum(code[k] for code in there) / max(len(there), 1) for k in range(len(codes[0]))]
    logits = [scalar_layers(body.scorer, code + context)[0] for code in codes]
    return logits + (scalar_layers(body.rest, context) if body.rest else [])


@pytest.mark.parametrize("clip", [(-math.inf, math.inf), (-1.0, 0.5)])
def test_stack_agrees_with_scalar_arithmetic(clip):
    rng = np.random.default_rng(0)
    transform = Transform(rng.normal(size=6), rng.uniform(0.1, 3, size=6), *clip)
    network = stack_network(rng, transform=transform)
    observations = rng.normal(size=(20, 6)) * 3
    expected = [scalar_logits(network, o.astype(np.float32)) for o in observations]
    np.testing.assert_allclose(network.logits(observations), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [stack_network, scorer_network])
def test_observations_beyond_their_bounds_act_as_those_at_the_bounds(make):
    rng = np.random.default_rng(3)
    features = 6 if make is stack_network else 5
    low, high = -rng.random(features), rng.random(features)
    plain = make(rng)
    network = replace(plain, input_clip=InputClip(low, high))
    shape = (20, features) if make is stack_network else (20, 7, features)
    x = 3 * rng.normal(size=shape)
    at_bounds = np.minimum(np.maximum(x, np.float32(low)), np.float32(high))
    np.testing.assert_array_equal(network.logits(x), plain.logits(at_bounds))
    assert not np.array_equal(network.logits(x), plain.logits(x))


@pytest.mark.parametrize("clip", [(-math.inf, math.inf), (-1.0, 0.5)])
@pytest.mark.parametrize("rest", [0, 2])
def test_scorer_agrees_with_scalar_arithmetic(clip, rest):
    rng = np.random.default_rng(1)
    # The shift moves column 0 as well: presence must be read before the transform.
    transform = Transform(rng.normal(size=5), rng.uniform(0.1, 3, size=5), *clip)
    network = scorer_network(rng, rest=rest, transform=transform)
    observations = items(rng, 20, 7, present=rng.random((20, 7)) < 0.6)
    observations[0] = 0.0  # no item at all
    expected = [scalar_logits(network, o) for o in observations]
    np.testing.assert_allclose(network.logits(observations), expected, rtol=1e-4, atol=1e-5)


def test_stack_flattens_observations_and_refuses_another_size():
    rng = np.random.default_rng(2)
    network = stack_network(rng)
    x = rng.normal(size=(3, 2, 3))
    np.testing.assert_array_equal(network.logits(x), network.logits(x.reshape(3, 6)))
    with pytest.raises(UserError, match="takes observations of 6 values, not 7"):
        network.logits(np.zeros((3, 7)))


def test_scorer_refuses_flat_observations():
    with pytest.raises(UserError, match=r"\(N, items, features\)"):
        scorer_network(np.random.default_rng(3)).logits(np.zeros((3, 5)))


@given(seed=st.integers(0, 2**32 - 1), order=st.permutations(range(6)), rest=st.integers(0, 2))
@settings(deadline=None)
def test_scorer_is_permutation_equivariant(seed, order, rest):
    rng = np.random.default_rng(seed)
    network = scorer_network(rng, rest=rest)
    x = items(rng, 3, 6, present=rng.random((3, 6)) < 0.7)
    logits, shuffled = network.logits(x), network.logits(x[:, list(order)])
    np.testing.assert_allclose(shuffled[:, :6], logits[:, list(order)], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(shuffled[:, 6:], logits[:, 6:], rtol=1e-4, atol=1e-4)


@given(seed=st.integers(0, 2**32 - 1), padding=st.integers(1, 9), rest=st.integers(0, 2))
@settings(deadline=None)
def test_padding_changes_no_logit_of_the_present_items(seed, padding, rest):
    rng = np.random.default_rng(seed)
    network = scorer_network(rng, rest=rest)
    x = items(rng, 3, 5)
    # Only column 0 marks padding; the rest of its row must not matter.
    filler = rng.normal(size=(3, padding, 5)).astype(np.float32)
    filler[..., 0] = 0.0
    logits, padded = network.logits(x), network.logits(np.concatenate([x, filler], axis=1))
    np.testing.assert_allclose(padded[:, :5], logits[:, :5], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(padded[:, 5 + padding :], logits[:, 5:], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [1, 4, 30])
def test_one_scorer_serves_any_number_of_items(count):
    rng = np.random.default_rng(4)
    network = scorer_network(rng, masked=True)
    x = items(rng, 8, count)
    masks = rng.random((8, count + 2)) < 0.5
    masks[:, -1] = True
    actions = network.act(x, masks)
    assert network.logits(x).shape == (8, count + 2)
    assert masks[np.arange(8), actions].all()


@given(
    seed=st.integers(0, 2**32 - 1),
    masks=st.lists(st.lists(st.booleans(), min_size=4, max_size=4).filter(any), min_size=1),
)
@settings(deadline=None)
def test_masked_action_is_the_best_allowed_one(seed, masks):
    rng = np.random.default_rng(seed)
    network = stack_network(rng, masked=True)
    x = rng.normal(size=(len(masks), 6))
    logits = network.logits(x)
    for row, mask, action in zip(logits, masks, network.act(x, np.array(masks)), strict=True):
        allowed = [index for index in range(4) if mask[index]]
        assert action == max(allowed, key=lambda index: (row[index], -index))


def test_masked_network_demands_masks_and_unmasked_one_ignores_them():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(10, 6))
    with pytest.raises(UserError, match="action masks"):
        stack_network(rng, masked=True).act(x)
    network = stack_network(rng)
    np.testing.assert_array_equal(network.act(x, np.zeros((10, 4), bool)), network.act(x))


def constant_network(logits, **parts):
    logits = np.asarray(logits, dtype=np.float32)
    return Network(Stack((Dense(np.zeros((len(logits), 1)), logits),)), **parts)


def test_lowest_index_wins_a_tie_also_among_the_allowed():
    x = np.zeros((1, 1))
    assert constant_network([1, 3, 3, 3]).act(x) == [1]
    masked = constant_network([1, 3, 3, 3], masked=True)
    assert masked.act(x, np.array([[True, False, True, True]])) == [2]


def test_first_action_may_have_another_number():
    assert constant_network([0, 5, 1], decoding=Decoding(start=-1)).act(np.zeros((1, 1))) == [0]


def test_multi_argmax_decides_each_group_on_its_own():
    decoding = Decoding("multi-argmax", sizes=(2, 3, 1))
    network = constant_network([4, 4, -1, 7, 7, 0], decoding=decoding)
    actions = network.act(np.zeros((2, 1)))
    np.testing.assert_array_equal(actions, [[0, 1, 0]] * 2)
    assert actions.dtype == np.int64


def test_clip_and_tanh_decodings_stay_in_their_bounds():
    low, high = np.float32([-1, 0, 10]), np.float32([1, 4, 20])
    outputs = [-5.0, 0.5, 12.0]
    clip = constant_network(outputs, decoding=Decoding("clip", low=low, high=high))
    np.testing.assert_array_equal(clip.act(np.zeros((1, 1))), [[-1.0, 0.5, 12.0]])
    tanh = constant_network(outputs, decoding=Decoding("tanh", low=low, high=high))
    expected = [
        lo + (math.tanh(v) + 1) / 2 * (hi - lo)
        for v, lo, hi in zip(outputs, low.tolist(), high.tolist(), strict=True)
    ]
    np.testing.assert_allclose(tanh.act(np.zeros((1, 1)))[0], expected, rtol=1e-5)
    with pytest.raises(UserError, match="needs `low` and `high`"):
        constant_network(outputs, decoding=Decoding("tanh")).act(np.zeros((1, 1)))


def test_unknown_activation_is_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"unknown activation 'rellu' \(did you mean 'relu'"):
        Dense(np.zeros((1, 1)), np.zeros(1), "rellu")


def test_layer_that_does_not_fit_is_refused():
    with pytest.raises(UserError, match="they must be"):
        Dense(np.zeros((2, 3)), np.zeros(3))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused_naming_the_layer(bad):
    rng = np.random.default_rng(6)
    network = scorer_network(rng)
    network.check_finite()
    network.body.scorer[1].bias[0] = bad
    with pytest.raises(UserError, match=r"scorer\[1\] contains NaN or infinity"):
        network.check_finite()


def every_kind_of_network(rng):
    transform = Transform(rng.normal(size=6), rng.uniform(0.5, 2, size=6), -10.0, 10.0)
    bounds = {"low": np.float32([-1, -2, -np.inf, 0]), "high": np.float32([1, 2, np.inf, 3])}
    return {
        "plain": stack_network(rng),
        "masked": stack_network(
            rng, masked=True, transform=transform, notes={"agent": "x", "n": 3}
        ),
        "multi": stack_network(rng, decoding=Decoding("multi-argmax", sizes=(1, 3))),
        "clip": stack_network(rng, decoding=Decoding("clip", **bounds)),
        "start": stack_network(rng, decoding=Decoding(start=2)),
        "open clip": stack_network(rng, transform=Transform(np.zeros(6), np.ones(6), high=2.0)),
        "scorer": scorer_network(rng, features=6, transform=transform, masked=True),
        "clipped input": stack_network(
            rng, transform=transform, input_clip=InputClip(np.full(6, -0.5), np.full(6, np.inf))
        ),
        "clipped items": scorer_network(
            rng, features=6, rest=0, input_clip=InputClip(np.zeros(6), np.full(6, 0.25))
        ),
        "scorer without rest": scorer_network(rng, features=6, rest=0),
    }


@pytest.mark.parametrize("kind", every_kind_of_network(np.random.default_rng(0)))
def test_saved_network_comes_back_whole(tmp_path, kind):
    rng = np.random.default_rng(7)
    network = every_kind_of_network(rng)[kind]
    network.save(tmp_path / "n.npz")
    again = Network.load(tmp_path / "n.npz")
    x = items(rng, 50, 4, 6) if isinstance(network.body, Scorer) else rng.normal(size=(50, 6)) * 5
    logits = network.logits(x)
    np.testing.assert_array_equal(again.logits(x), logits)
    masks = rng.random(logits.shape) < 0.6
    np.testing.assert_array_equal(again.act(x, masks), network.act(x, masks))
    assert again.masked == network.masked
    assert again.notes == network.notes
    assert again.parameters() == network.parameters()
    assert [p.name for p in tmp_path.iterdir()] == ["n.npz"]


def test_parameters_counts_weights_and_biases():
    assert stack_network(np.random.default_rng(0)).parameters() == (6 * 8 + 8) + (8 * 5 + 5) + 24


def test_missing_network_file_is_the_users_error(tmp_path):
    with pytest.raises(UserError, match="no such network file"):
        Network.load(tmp_path / "nothing.npz")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_torn_network_file_is_the_users_error(tmp_path, share):
    path = tmp_path / "n.npz"
    stack_network(np.random.default_rng(8)).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match="not a readable network file"):
        Network.load(path)


def write_text(path):
    path.write_text("hello")


def write_single_array(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def write_pickle(path):
    np.savez(path, header=np.array([{"format": FORMAT}], dtype=object))


def write_arrays_without_header(path):
    np.savez(path, weight=np.zeros(3))


def write_header_without_arrays(path):
    header = {"format": FORMAT, "shape": "stack", "activations": {"layers": ["relu"]}}
    np.savez(path, header=np.array(json.dumps(header)))


def write_header_of_another_kind(path):
    np.savez(path, header=np.array("[1, 2]"))


def write_flipped_byte(path):
    stack_network(np.random.default_rng(8)).save(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 4] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    "write",
    [
        write_text,
        write_single_array,
        write_pickle,
        write_arrays_without_header,
        write_header_without_arrays,
        write_header_of_another_kind,
        write_flipped_byte,
    ],
)
def test_foreign_network_file_is_the_users_error(tmp_path, write):
    path = tmp_path / "n.npz"
    write(path)
    with pytest.raises(UserError, match="not a readable network file"):
        Network.load(path)


def test_newer_format_is_refused_by_name(tmp_path):
    path = tmp_path / "n.npz"
    np.savez(path, header=np.array(json.dumps({"format": "rlsys.network/9"})))
    with pytest.raises(UserError, match=r"'rlsys\.network/9', not 'rlsys\.network/1'"):
        Network.load(path)
