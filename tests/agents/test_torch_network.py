"""The torch mirror computes the same as the portable network, and converts back unchanged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gymnasium")

from gymnasium.spaces import Box, Discrete, MultiDiscrete, Tuple  # noqa: E402

from rlsys.agents.torch_network import TorchNetwork, fresh_network  # noqa: E402
from rlsys.errors import UserError  # noqa: E402
from rlsys.network import Dense, Network, Scorer, Stack, Transform  # noqa: E402

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_numbers_in_every_order_of_tests():
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


def dense(inputs, outputs, activation="linear"):
    return Dense(RNG.normal(size=(outputs, inputs)), RNG.normal(size=outputs), activation)


def stack():
    transform = Transform(RNG.normal(size=5), RNG.uniform(0.5, 2, 5), -1.5, 1.0)
    return Network(Stack((dense(5, 7, "tanh"), dense(7, 3, "relu"), dense(3, 4))), None, transform)


def scorer(rest):
    return Network(
        Scorer(
            (dense(3, 6, "relu"), dense(6, 5, "tanh")),
            (dense(10, 4, "relu"), dense(4, 1)),
            (dense(5, 2),) if rest else (),
        ),
        transform=Transform(RNG.normal(size=3), RNG.uniform(0.5, 2, 3)),
        masked=True,
    )


def observations(network, count=50):
    if isinstance(network.body, Stack):
        return RNG.normal(size=(count, 5)).astype(np.float32)
    seen = RNG.normal(size=(count, 6, 3)).astype(np.float32)
    seen[..., 0] = RNG.random((count, 6)) < 0.5
    return seen


@pytest.mark.parametrize("source", [stack(), scorer(True), scorer(False)])
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_logits_of_allowed_actions_and_their_gradients_do_not_depend_on_the_mask(source, share):
    # In single precision, rounding alone may differ by more than any tolerance says.
    mirror = TorchNetwork(source).double()
    seen = torch.from_numpy(observations(source)).double()
    if seen.ndim == 3:
        seen[..., 0] *= torch.from_numpy(RNG.random(seen.shape[:2]) < 2 * share)
    every = mirror(seen)
    # Some allowed items are not present: an environment may do that.
    allowed = torch.from_numpy(RNG.random(every.shape) < share)
    some = mirror(seen, allowed)
    torch.testing.assert_close(some[allowed], every[allowed])
    ours, theirs = (
        torch.autograd.grad((logits * allowed).square().sum(), list(mirror.parameters()))
        for logits in (some, every)
    )
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("source", [stack(), scorer(True), scorer(False)])
def test_same_logits_and_the_same_network_back(source):
    mirror = TorchNetwork(source)
    seen = observations(source)
    with torch.no_grad():
        logits = mirror(torch.from_numpy(seen)).numpy()
    np.testing.assert_allclose(logits, source.logits(seen), rtol=1e-4, atol=1e-5)
    back = mirror.to_network()
    np.testing.assert_array_equal(back.logits(seen), source.logits(seen))
    assert (back.masked, back.decoding) == (source.masked, source.decoding)


def test_training_changes_weights_and_leaves_transform_and_source_alone():
    source = stack()
    before = source.body.layers[0].weight.copy()
    mirror = TorchNetwork(source)
    optimizer = torch.optim.SGD(mirror.parameters(), lr=0.1)
    mirror(torch.from_numpy(observations(source))).sum().backward()
    optimizer.step()
    back = mirror.to_network({"trained": True})
    assert not np.array_equal(back.body.layers[0].weight, before)
    np.testing.assert_array_equal(source.body.layers[0].weight, before)
    np.testing.assert_array_equal(back.transform.shift, source.transform.shift)
    assert back.notes == {"trained": True}


def test_fresh_networks_take_their_shape_from_the_spaces():
    flat = fresh_network(Box(0, 1, (6,)), Discrete(3, start=2), net_arch=(8, 9)).to_network()
    assert [layer.weight.shape for layer in flat.body.layers] == [(8, 6), (9, 8), (3, 9)]
    assert flat.act(np.zeros((1, 6))).item() >= 2
    sizes = {"encoder": (8,), "scorer": (7,)}
    items = fresh_network(Box(0, 1, (4, 3)), Discrete(6), items=True, **sizes).to_network()
    assert items.logits(np.ones((2, 4, 3))).shape == (2, 6)
    assert items.logits(np.ones((2, 40, 3))).shape == (2, 42)
    only_items = fresh_network(Box(0, 1, (4, 3)), Discrete(4), items=True).to_network()
    assert only_items.logits(np.ones((2, 4, 3))).shape == (2, 4)
    undeclared = fresh_network(Box(0, 1, (4, 3)), Discrete(5), net_arch=(8,)).to_network()
    assert [layer.weight.shape for layer in undeclared.body.layers] == [(8, 12), (5, 8)]


def test_pixels_are_seen_as_0_to_1():
    image = Box(0, 255, (4, 3, 3), np.uint8)
    network = fresh_network(image, Discrete(3), net_arch=(8,)).to_network()
    seen = RNG.integers(256, size=(5, 4, 3, 3)).astype(np.uint8)
    scaled = replace(network, transform=None).logits(seen.reshape(5, 36) / 255)
    np.testing.assert_allclose(network.logits(seen), scaled, atol=1e-6)
    with torch.no_grad():
        ours = TorchNetwork(network)(torch.from_numpy(seen.astype(np.float32)))
    np.testing.assert_allclose(ours, scaled, atol=1e-6)
    counts = Box(0, 9, (4,), np.uint8)
    assert fresh_network(counts, Discrete(3)).to_network().transform is None


def test_fresh_weights_follow_the_seed_alone():
    spaces = Box(0, 1, (6,)), Discrete(3)
    seen = RNG.normal(size=(5, 6))
    torch.manual_seed(1)
    one = fresh_network(*spaces, seed=3).to_network().logits(seen)
    generator = torch.get_rng_state()
    again = fresh_network(*spaces, seed=3).to_network().logits(seen)
    np.testing.assert_array_equal(one, again)
    assert torch.equal(generator, torch.get_rng_state())
    assert not np.array_equal(one, fresh_network(*spaces, seed=4).to_network().logits(seen))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Tuple([Discrete(2)]), "no built-in agent supports the action space"),
        (MultiDiscrete([[2, 2], [2, 2]]), "no built-in agent supports the action space"),
        (Box(0, 1, (2, 2)), "no built-in agent supports the action space"),
        (Discrete(3), "observations of 4 items need Discrete"),
        (Box(0, 9, (2,), np.int64), "no built-in agent gives the whole numbers"),
    ],
)
def test_spaces_that_do_not_fit_are_refused(action, words):
    with pytest.raises(UserError, match=words):
        fresh_network(Box(0, 1, (4, 3)), action, items=True)
