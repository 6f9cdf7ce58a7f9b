"""`rllib-ppo` learns, is saved and resumed, and makes policies like any other agent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from aim import Aim, WideAim
from program import refused, run
from pydantic import ValidationError
from ray.rllib.core import DEFAULT_MODULE_ID, Columns
from relay import Relay, RelayConfig

from rlsys.errors import Interrupted, UserError
from rlsys.network import Network
from rlsys.policies import load_policy
from rlsys.roles import RolePolicy
from rlsys.training import Problem, Session
from rlsys_ray.algorithm import built, spaces_of
from rlsys_ray.connection import connected
from rlsys_ray.episodes import averages
from rlsys_ray.rllib_ppo import RllibPpo, Run
from rlsys_ray.settings import RllibPpoSettings
from rlsys_ray.to_network import to_network

RELAY = ("--plugin-file", Path(__file__).parents[3] / "tests" / "toy" / "relay.py")
TINY = {"train_batch_size": 256, "batch_size": 64, "n_epochs": 2, "num_envs": 4, "net_arch": (8,)}


@pytest.fixture(scope="module", autouse=True)
def ray_is_there():
    """Start Ray once for all tests of this module that train in this process."""
    with connected(2):
        yield


def relay() -> Problem:
    return Problem(lambda num_envs: Relay(RelayConfig(), num_envs), ("right",))


def aim(discrete: bool) -> Problem:
    return Problem(lambda num_envs: Aim(num_envs, discrete), ("total", "parts"))


def trained(problem, path, steps, **more):
    """Train a little; return the lines of metrics."""
    lines: list[dict] = []
    settings = RllibPpoSettings(**{**TINY, "steps": steps, **more.pop("settings", {})})
    session = Session(path, 7, problem, emit=lambda line: lines.append(dict(line)), **more)
    try:
        RllibPpo(settings).train(problem, session)
    except Interrupted:
        lines.append({"interrupted": True})
    return lines


@pytest.mark.parametrize("kind", ["unit", "wide", "discrete"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_portable_network_decides_as_rllibs_module(kind, activation):
    problem = Problem(WideAim) if kind == "wide" else aim(kind == "discrete")
    settings = RllibPpoSettings(**{**TINY, "net_arch": (8, 6), "activation": activation})
    policies = spaces_of(problem.make_env(1))
    with built(settings, problem, policies, 0) as algorithm:
        weights = algorithm.learner_group.get_state()["learner"]["rl_module"][DEFAULT_MODULE_ID]
        network = to_network(weights, activation, policies[DEFAULT_MODULE_ID][1])
        seen = np.random.default_rng(0).uniform(-1, 1, (200, 3, 2)).astype(np.float32)
        module = algorithm.get_module()
        told = module.forward_inference({Columns.OBS: torch.from_numpy(seen.reshape(200, -1))})
        spread = module.get_inference_action_dist_cls().from_logits(
            told[Columns.ACTION_DIST_INPUTS]
        )
        expected = spread.to_deterministic().sample().numpy()
        folder = Path(algorithm.logdir)
        assert folder.exists()
    assert not folder.exists()
    if kind == "discrete":
        np.testing.assert_array_equal(network.act(seen), expected + 10)
    else:
        acted = network.act(seen) / 5 - 1 if kind == "wide" else network.act(seen)
        np.testing.assert_allclose(acted, np.clip(expected, -1, 1), atol=1e-6)


def test_weights_of_another_module_are_refused():
    with pytest.raises(UserError, match=r"not its own PPO module .* it has lstm\.weight"):
        to_network({"lstm.weight": np.ones((2, 2))}, "relu", Aim(1).single_action_space)


@pytest.mark.slow
def test_roles_learn_a_policy_each_up_to_the_optimum(tmp_path):
    """A right answer everywhere earns 2 per step, and a network can give it."""
    problem = relay()
    path = tmp_path / "agent"
    settings = {"learning_rate": 0.01, "train_batch_size": 1024, "batch_size": 128, "n_epochs": 4,
                "net_arch": (16,)}  # fmt: skip
    lines = trained(problem, path, 8192, settings=settings, validation_episodes=50)
    assert lines[-1]["validation_reward"] == 8.0
    reports = [line for line in lines if "episodes" in line]
    assert [line["step"] for line in reports] == list(range(1024, 8193, 1024))
    assert reports[0]["episodes"] == 128
    # Each verdict is worth 1, so RLlib's reward and the metrics of the episodes must agree.
    for line in reports:
        assert line["right"] <= line["reward"] <= 8.0
    assert reports[-1]["reward"] > reports[0]["reward"] + 1
    assert {"runner_entropy", "judge_entropy"} <= set(reports[0])
    policy = load_policy(path / "best" / "network.npz")
    assert isinstance(policy, RolePolicy)
    assert list(policy.networks) == ["runner", "judge"]


def test_a_stopped_training_goes_on_from_its_checkpoint(tmp_path):
    problem, path = aim(discrete=True), tmp_path / "agent"
    asked = iter([False, True])
    first = trained(problem, path, 1024, stop_requested=lambda: next(asked))
    assert first[-1] == {"interrupted": True}
    kept = load_policy(path / "last" / "network.npz")
    assert isinstance(kept, Network)

    again = RllibPpoSettings(**{**TINY, "steps": 1024})
    session = Session(path, 7, problem, resume=True)
    policies = spaces_of(problem.make_env(1))
    with built(again, problem, policies, 0) as algorithm:
        resumed, state = Run(again, session, policies, algorithm), session.resumed_state()
        resumed.set_state(state)
        assert resumed.step == state["step"] == 512
        restored = resumed.policy()
        for ours, theirs in zip(restored.layers()["layers"], kept.layers()["layers"], strict=True):
            np.testing.assert_array_equal(ours.weight, theirs.weight)
            np.testing.assert_array_equal(ours.bias, theirs.bias)
        now = resumed.state()["learner"]["optimizer"]
        assert_same(now, state["learner"]["optimizer"])
        assert any("exp_avg" in str(key) for key in flat(now))
        # The acting module has the restored weights, too.
        acting = algorithm.get_module().get_state()
        np.testing.assert_array_equal(
            np.asarray(acting["pi.net.mlp.0.weight"]), kept.layers()["layers"][-1].weight
        )
    rest = trained(problem, path, 1024, resume=True)
    assert [line["step"] for line in rest if "episodes" in line] == [768, 1024]


def test_a_checkpoint_of_other_sizes_is_refused(tmp_path):
    problem, path = aim(discrete=True), tmp_path / "agent"
    trained(problem, path, 256)
    with pytest.raises(UserError, match="checkpoint does not match: in policy 'default_policy'"):
        trained(problem, path, 512, resume=True, settings={"net_arch": (9,)})


def test_the_same_seed_gives_the_same_policy(tmp_path):
    problem = aim(discrete=False)
    for name in "ab":
        trained(problem, tmp_path / name, 512)
    a, b = (load_policy(tmp_path / name / "last" / "network.npz") for name in "ab")
    for ours, theirs in zip(a.layers()["layers"], b.layers()["layers"], strict=True):
        np.testing.assert_array_equal(ours.weight, theirs.weight)


def flat(value, prefix=""):
    if isinstance(value, dict):
        return {k: v for n, part in value.items() for k, v in flat(part, f"{prefix}/{n}").items()}
    if isinstance(value, list):
        return flat(dict(enumerate(value)), prefix)
    return {prefix: value}


def assert_same(ours, theirs):
    ours, theirs = flat(ours), flat(theirs)
    assert ours.keys() == theirs.keys()
    for key in ours:
        np.testing.assert_array_equal(ours[key], theirs[key], err_msg=key)


def test_averages_of_episodes():
    assert averages([]) == {}
    told = [{"reward": 1.0, "episodes": 1.0}, {"reward": 4.0, "episodes": 1.0}]
    assert averages(told) == {"reward": 2.5, "episodes": 2.0}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"batch_size": 8192}, "batch_size must be <= train_batch_size = 4096"),
        ({"num_envs": 15}, "multiple of the copies in all runners"),
        ({"net_arch": ()}, "at least 1 item"),
    ],
)
def test_settings_that_do_not_fit_are_refused(wrong, said):
    with pytest.raises(ValidationError, match=said):
        RllibPpoSettings(**wrong)


def settings_of(values) -> list[str]:
    return [part for k, v in values.items() for part in ("--set", f"agents.rllib-ppo.{k}={v}")]


SMALL = settings_of({"train_batch_size": 512, "batch_size": 128, "n_epochs": 2, "num_envs": 4})


def test_it_trains_and_is_judged_where_there_are_masks(tmp_path):
    pytest.importorskip("rlsys_rtos", reason="pip install 'rlsys[rtos]'")
    path = tmp_path / "run"
    done = run("run", "rtos", "--preset", "normal", "--agent", "rllib-ppo", "--steps", "1024",
               *SMALL, "--set", "exports=[json]", "--episodes", "5", "--no-oracle", "--json",
               "--out", path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {r["controller"] for r in document["results"] if r["kind"] == "learned"} == {"rllib-ppo"}
    assert all(v["holds"] for v in document["verdicts"] if v["subject"] == "json")
    assert list(path.rglob("policy_weights.json"))


@pytest.mark.slow
def test_runners_of_their_own_collect_for_a_plugin_in_a_file(tmp_path):
    command = (*RELAY, "train", "relay", "--agent", "rllib-ppo", "--steps", "512", *SMALL)
    runners = settings_of({"num_env_runners": 1})
    done = run(*command, *runners, "--json", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "complete"


def test_a_cluster_that_is_not_there_is_refused_in_one_line(tmp_path):
    done = run(*RELAY, "train", "relay", "--agent", "rllib-ppo", "--ray-address", "127.0.0.1:9",
               "--quiet", "--out", tmp_path / "run")  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "no Ray cluster answers at 127.0.0.1:9" in done.stderr


def test_an_unknown_setting_is_refused(tmp_path):
    line = refused(*RELAY, "train", "relay", "--agent", "rllib-ppo", "--quiet",
                   "--set", "agents.rllib-ppo.gama=1", "--out", tmp_path / "run")  # fmt: skip
    assert "gama" in line
    assert "gamma" in line
