"""A policy is a function of one observation or a batch; it acts as the evaluation played."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from lamps import STEPS, Lamps, LampsConfig
from program import LAMPS_FILE

import rlsys
from rlsys.api import TrainedPolicy
from rlsys.errors import UserError
from rlsys.network import Decoding, Dense, Network, Scorer, Stack, Transform
from rlsys.roles import RolePolicy

RELAY = Path(__file__).parents[1] / "toy" / "relay.py"


def test_it_plays_the_episodes_that_were_evaluated(run):
    """Uses no rollout of the core: the environment is stepped by hand."""
    policy = run.policy("attic", seed=1)
    env = Lamps(LampsConfig(noise=0.2), 1)
    with (run.path / "evaluation" / "episodes.csv").open() as file:
        kept = [
            row
            for row in csv.DictReader(file)
            if (row["case"], row["kind"], row["training"]) == ("attic", "learned", "1")
        ]
    for row in kept[:5]:
        observations, _ = env.reset(seed=[int(row["seed"])])
        total = 0.0
        for _ in range(STEPS):
            action = policy(observations[0])
            assert action == policy(observations)[0]
            observations, reward, *_ = env.step(np.array([action]))
            total += reward[0]
        assert total == float(row["reward"])


def test_the_case_is_needed_if_there_are_several(run, small):
    with pytest.raises(UserError, match=r"name the case, one of \['attic', 'hall'\]"):
        run.policy()
    with pytest.raises(UserError, match=r"no policy for case 'hal' \(did you mean 'hall'"):
        run.policy("hal")
    with pytest.raises(UserError, match=r"seed 2 was not trained; choose one of \[0, 1\]"):
        run.policy("hall", seed=2)
    assert repr(small.policy()) == "<policy of hall, seed 0>"
    assert small.policy().case == small.policy("hall").case == "hall"


def test_an_unfinished_training_has_no_policy(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "run")
    (tmp_path / "run/policies/hall/seed-0/network.npz").unlink()
    with pytest.raises(UserError, match="'hall', seed 0, has not finished; continue it"):
        rlsys.load(tmp_path / "run").policy("hall")
    assert rlsys.load(tmp_path / "run").policy("hall", seed=1)(np.zeros(2)) in (0, 1)


def test_it_acts_where_torch_matplotlib_and_gymnasium_are_missing(run, tmp_path):
    code = """
        import json, sys

        class Missing:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in {"torch", "matplotlib", "gymnasium", "lamps"}:
                    raise ModuleNotFoundError(name)

        sys.meta_path.insert(0, Missing())
        import rlsys

        policy = rlsys.load(sys.argv[1]).policy("hall")
        batch = [[0.5, 0.1], [-0.5, 0.1], [0.9, -0.9]]
        print(json.dumps([policy(batch).tolist(), [int(policy(one)) for one in batch]]))
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(run.path)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "RLSYS_PLUGINS": ""},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    batch, single = json.loads(ended.stdout)
    assert batch == single == [1, 0, 1]


def stack(inputs: int, outputs: int = 3, **more) -> TrainedPolicy:
    rng = np.random.default_rng(inputs)
    layer = Dense(rng.normal(size=(outputs, inputs)), rng.normal(size=outputs))
    return TrainedPolicy(Network(Stack((layer,)), **more), "c", 0)


@pytest.mark.parametrize(
    ("inputs", "shape", "batch"),
    [
        (4, (4,), None),
        (4, (7, 4), 7),
        (4, (1, 4), 1),
        (4, (0, 4), 0),
        (4, (2, 2), None),
        (4, (5, 2, 2), 5),
        (1, (), None),
        (1, (1,), None),
        (1, (6,), 6),
        (1, (6, 1), 6),
        (1, (1, 1), 1),
        (9, (3, 3), None),
        (3, (3, 3), 3),
    ],
)
def test_one_observation_or_a_batch(inputs, shape, batch):
    policy = stack(inputs)
    values = np.random.default_rng(1).normal(size=shape)
    action = policy(values)
    layer = policy.network.body.layers[0]
    rows = values.reshape(-1, inputs)
    expected = np.argmax(rows @ layer.weight.T + layer.bias, axis=1)
    if batch is None:
        assert np.ndim(action) == 0
        assert action == expected[0]
    else:
        assert np.array_equal(action, expected)
        assert action.shape == (batch,)


@pytest.mark.parametrize("shape", [(5,), (4, 5), (), (3, 4, 1, 2)])
def test_another_shape_is_refused(shape):
    with pytest.raises(UserError, match="takes observations of 4 values, alone or as a batch"):
        stack(4)(np.zeros(shape))


def test_what_is_no_observation_is_refused():
    with pytest.raises(UserError, match="contains NaN"):
        stack(2)([0.0, float("nan")])
    with pytest.raises(UserError, match="not an array of numbers"):
        stack(2)(["a", "b"])


def scorer(**more) -> TrainedPolicy:
    rng = np.random.default_rng(2)
    body = Scorer(
        encoder=(Dense(rng.normal(size=(4, 3)), np.zeros(4), "relu"),),
        scorer=(Dense(rng.normal(size=(1, 8)), np.zeros(1)),),
        rest=(Dense(rng.normal(size=(1, 4)), np.zeros(1)),),
    )
    return TrainedPolicy(Network(body, **more), "c", 0)


@pytest.mark.parametrize("transform", [None, Transform(np.zeros(3), np.ones(3))])
def test_items_of_any_number(transform):
    policy = scorer(transform=transform)
    for items in (1, 2, 9):
        values = np.random.default_rng(items).normal(size=(5, items, 3))
        values[..., 0] = 1.0
        actions = policy(values)
        assert actions.shape == (5,)
        assert [policy(one) for one in values] == actions.tolist()
    for shape in ((3,), (2, 4), (1, 2, 3, 3)):
        with pytest.raises(UserError, match=r"of shape \(items, 3\), or \(N, items, 3\)"):
            policy(np.zeros(shape))


def test_masks_hold_and_are_asked_for():
    policy = stack(2, masked=True)
    values = np.random.default_rng(3).normal(size=(50, 2))
    masks = np.eye(3, dtype=bool)[np.arange(50) % 3]
    assert policy(values, masks).tolist() == (np.arange(50) % 3).tolist()
    assert policy(values[0], [False, True, False]) == 1
    for given, message in [
        (None, "pass `mask`"),
        (np.ones(3), r"must have the shape \(50, 3\), not \(3,\)"),
        (np.ones((50, 1)), r"must have the shape \(50, 3\), not \(50, 1\)"),
        (np.zeros((50, 3)), "allows no action"),
    ]:
        with pytest.raises(UserError, match=message):
            policy(values, given)
    with pytest.raises(UserError, match="trained without action masks; leave out `mask`"):
        stack(2)(values, masks)


def test_a_mask_of_items_covers_the_rest_too():
    policy = scorer(masked=True)
    values = np.ones((2, 4, 3))
    only_rest = np.zeros((2, 5), bool)
    only_rest[:, 4] = True
    assert policy(values, only_rest).tolist() == [4, 4]
    assert policy(values[0], only_rest[0]) == 4


def test_actions_that_are_arrays():
    several = stack(2, 5, decoding=Decoding("multi-argmax", sizes=(2, 3)))
    assert several(np.zeros(2)).shape == (2,)
    assert several(np.zeros((7, 2))).shape == (7, 2)
    bounds = {"low": np.full(3, -1.0), "high": np.full(3, 1.0)}
    continuous = stack(2, decoding=Decoding("clip", **bounds))
    assert continuous(np.zeros(2)).shape == (3,)
    assert continuous(np.zeros((1, 2))).shape == (1, 3)


def test_roles_by_name_or_as_a_mapping(tmp_path):
    pytest.importorskip("gymnasium", reason="pip install 'rlsys[gym]'")
    made = rlsys.train("relay", set={"runners": 3}, out=tmp_path / "run", plugin_file=RELAY)
    policy = made.policy()
    assert policy.roles == ("runner", "judge")
    assert isinstance(policy.network, RolePolicy)
    runner = policy.network.networks["runner"]
    inputs = runner.body.layers[0].weight.shape[1]
    seen = np.random.default_rng(0).normal(size=(3, inputs))
    expected = runner.act(seen)
    assert np.array_equal(policy(seen, role="runner"), expected)
    assert policy(seen[0], role="runner") == expected[0]
    # As PettingZoo's observations come: one per agent.
    agents = {f"runner_{index}": one for index, one in enumerate(seen)}
    assert policy(agents) == {name: expected[i] for i, name in enumerate(agents)}
    assert np.array_equal(policy({"runner": seen})["runner"], expected)
    with pytest.raises(UserError, match=r"give role=, one of \['runner', 'judge'\]"):
        policy(seen)
    with pytest.raises(UserError, match="unknown role 'runer'"):
        policy(seen, role="runer")
    with pytest.raises(UserError, match="has no roles"):
        stack(2)(np.zeros(2), role="runner")
    with pytest.raises(UserError, match="for a policy with roles"):
        stack(2)({"runner": np.zeros(2)})


def test_a_case_may_be_played_with_the_policy_of_another(tmp_path):
    """Only its plugin knows which; without it, the case is unknown."""
    text = LAMPS_FILE.read_text()
    for old, new in (
        ('"lamps:', '"sharing:'),
        ('name="lamps"', 'name="sharing"'),
        ('name="hill-climbing"', 'name="climber"'),
        ('agent="hill-climbing"', 'agent="climber"'),
        ('summary=f"room {room}"', 'policy=None if room == "hall" else "hall"'),
        ('presets={"default": "sharing:lamps.yaml", "two-rooms": "sharing:two-rooms.yaml"},', ""),
    ):
        assert old in text
        text = text.replace(old, new)
    plugin = tmp_path / "sharing.py"
    plugin.write_text(text)
    made = rlsys.train(
        "sharing", set={"rooms": ["hall", "attic"]}, steps=96,
        out=tmp_path / "run", plugin_file=plugin,
    )  # fmt: skip
    assert made.cases == ["hall"]
    assert made.policy("attic").case == "hall"
    with pytest.raises(UserError, match="no policy for case 'attic'"):
        rlsys.load(made.path).policy("attic")
