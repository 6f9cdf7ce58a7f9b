"""Environments with several roles through the whole command line: train, judge, export."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from program import LAMPS, refused, run_here

from rlsys.network import Network
from rlsys.policies import load_policy
from rlsys.roles import RolePolicy

RELAY = ("--plugin-file", Path(__file__).parents[1] / "toy" / "relay.py")


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    pytest.importorskip("gymnasium", reason="pip install 'rlsys[gym]'")
    path = tmp_path_factory.mktemp("relay") / "run"
    options = ("--episodes", "20", "--set", "runners=5", "--set", "exports=[json]", "--json")
    result = run_here(*RELAY, "run", "relay", "--out", path, *options)
    assert result.returncode == 0, result.stderr
    return path, json.loads(result.stdout)


def test_a_run_keeps_a_network_for_each_role(relay):
    path, document = relay
    policy = load_policy(path / "policies" / "default" / "seed-0" / "network.npz")
    assert isinstance(policy, RolePolicy)
    assert list(policy.networks) == ["runner", "judge"]
    means = {r["controller"]: r["mean"] for r in document["results"] if r["metric"] == "reward"}
    # Every answer is right in each of four steps.
    assert means["knows-all"] == 8.0
    assert means["guess"] < 7.0
    right = {r["controller"]: r["mean"] for r in document["results"] if r["metric"] == "right"}
    assert right["knows-all"] == 4.0


def test_every_role_is_exported_to_a_folder_of_its_own(relay):
    path, document = relay
    names = {v["name"] for v in document["verdicts"] if v["subject"] == "json"}
    assert names == {
        "json-runner-exact-weights", "json-runner-same-actions",
        "json-judge-exact-weights", "json-judge-same-actions",
    }  # fmt: skip
    seen = {
        v["name"]: v["figures"]["observations"]
        for v in document["verdicts"]
        if v["name"].endswith("same-actions")
    }
    assert set(seen.values()) == {10_000}
    for role, size in (("runner", 4), ("judge", 2)):
        file = path / "exports" / "json" / "default" / role / "policy_weights.json"
        weights = json.loads(file.read_text())["layers"][0]["weights"]
        assert np.size(weights) == size


def test_an_agent_for_one_policy_refuses_several_roles_and_the_other_way_round(tmp_path):
    pytest.importorskip("sb3_contrib", reason="pip install 'rlsys[sb3]'")
    message = refused(*RELAY, "train", "relay", "--agent", "ppo", "--out", tmp_path / "a", "-q")
    assert "agent 'ppo' trains a single policy, but relay has the roles runner, judge" in message
    both = (*RELAY, *LAMPS)
    message = refused(
        *both, "train", "lamps", "--agent", "knows-all", "--out", tmp_path / "b", "-q"
    )
    assert "trains environments with several roles, but lamps has none" in message


def test_a_network_for_one_is_not_taken_for_a_policy_with_roles(relay):
    path, _ = relay
    file = path / "policies" / "default" / "seed-0" / "network.npz"
    with pytest.raises(Exception, match=r"format is 'rlsys.roles/1', not 'rlsys.network/1'"):
        Network.load(file)
