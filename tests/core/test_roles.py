"""Policies with one network per role: saved, loaded and run."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys.errors import UserError
from rlsys.network import Dense, Network, Stack, Transform
from rlsys.policies import controller_of, load_policy
from rlsys.roles import RoleController, RolePolicy


def network(inputs, outputs, seed, **parts):
    rng = np.random.default_rng(seed)
    return Network(Stack((Dense(rng.normal(size=(outputs, inputs)), np.zeros(outputs)),)), **parts)


POLICY = RolePolicy(
    {
        "user": network(3, 2, 0, transform=Transform(np.ones(3), np.full(3, 2.0), -1.0, 1.0)),
        "user-2": network(3, 4, 1, notes={"from": "a test"}),
    }
)


class Env:
    """What a controller looks at of an environment."""

    def __init__(self, acting, names=("user", "user-2")):
        self.acting = acting
        self.roles = [type("Named", (), {"name": name})() for name in names]


def test_it_is_read_back_as_it_was(tmp_path):
    POLICY.save(tmp_path / "p.npz")
    again = load_policy(tmp_path / "p.npz")
    assert isinstance(again, RolePolicy)
    assert list(again.networks) == ["user", "user-2"]
    x = np.random.default_rng(0).normal(size=(50, 3))
    for name, one in POLICY.networks.items():
        np.testing.assert_array_equal(again.networks[name].logits(x), one.logits(x))
        assert again.networks[name].notes == one.notes
    assert again.parameters() == POLICY.parameters() == 3 * 2 + 2 + 3 * 4 + 4


def test_a_single_network_is_read_as_one(tmp_path):
    POLICY.networks["user"].save(tmp_path / "n.npz")
    assert isinstance(load_policy(tmp_path / "n.npz"), Network)


def test_each_role_acts_with_its_own_network_for_every_agent():
    controller = controller_of(POLICY)
    assert isinstance(controller, RoleController)
    x = np.random.default_rng(1).normal(size=(5, 7, 3)).astype(np.float32)
    for name in ("user", "user-2"):
        env = Env(name)
        controller.reset(env)
        actions = controller.act(env, x)
        assert actions.shape == (5, 7)
        for copy in range(5):
            alone = POLICY.networks[name].act(x[copy])
            np.testing.assert_array_equal(actions[copy], alone)


@pytest.mark.parametrize("names", [("user", "server"), ()])
def test_another_environment_is_refused(names):
    with pytest.raises(UserError, match="use the environment it was trained in"):
        controller_of(POLICY).reset(Env("user", names))


def test_a_fault_names_the_role(tmp_path):
    bad = network(3, 2, 0)
    bad.body.layers[0].weight[0, 0] = np.nan
    with pytest.raises(UserError, match=r"role 'b': network layer layers\[0\] contains NaN"):
        RolePolicy({"a": network(3, 2, 0), "b": bad}).check_finite()
    RolePolicy({}).save(tmp_path / "empty.npz")
    with pytest.raises(UserError, match="it names no roles"):
        load_policy(tmp_path / "empty.npz")
