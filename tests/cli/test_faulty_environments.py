"""A fault of the environment is the user's to fix: exit code 1 and one line, never a traceback.

The faults of single steps are tested in tests/adapters/test_watched.py; here, what a user sees.
"""

from __future__ import annotations

import json
import signal

import pytest
from patience import HANG, wait_until
from program import run, run_here, start

from rlsys.training import checkpoint_step
from rlsys.workflow.run_directory import RunDirectory

FILE = '''
"""A plugin with one environment, whose fault an environment variable names."""

import os

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from pydantic import BaseModel, ConfigDict

from rlsys import hookimpl
from rlsys.descriptors import EnvironmentSpec, MetricSpec


@hookimpl
def rlsys_environments():
    return [
        EnvironmentSpec(
            name="gauge",
            summary="say whether the needle is right of the middle",
            config="gauge:Config",
            vector_env="gauge:make",
            agent="ppo",
            metrics=(MetricSpec(name="right", summary="answers", better="higher"),),
        )
    ]


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    fault: str = ""
    most: float = 1.0


class Gauge(VectorEnv):
    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(self, config, num_envs):
        self.config, self.num_envs = config, num_envs
        self.single_observation_space = Box(-1, 1, (1,), np.float32)
        self.single_action_space = Discrete(2)

    def reset(self, *, seed=None, options=None):
        seeds = seed if isinstance(seed, list) else [seed] * self.num_envs
        self.random = [np.random.default_rng(s) for s in seeds]
        self.time = 0
        return self.look(), {}

    def look(self):
        draw = np.random.random if self.config.fault == "unseeded" else None
        self.needle = np.array([[(draw or r.random)() * 2 - 1] for r in self.random])
        return (self.config.most * self.needle).astype(np.float32)

    def step(self, actions):
        fault, right = self.config.fault, (actions == (self.needle[:, 0] > 0)).astype(float)
        self.time += 1
        if fault == "raises":
            raise KeyError("sensor 7")
        if fault == "nan":
            right[:] = np.nan
        done = np.full(self.num_envs, self.time == 5 and fault != "endless")
        infos, observations = {}, self.look()
        if done.all():
            infos = {"final_obs": observations, "final_info": {"right": right}}
            if fault == "no metric":
                infos["final_info"] = {}
            self.time = 0
        return observations, right, done, np.zeros_like(done), infos


class Single(gymnasium.Env):
    observation_space, action_space = Box(-1, 1, (1,)), Discrete(2)


def make(config, num_envs):
    if config.fault == "single":
        return Single()
    if config.fault == "one copy" and num_envs > 1:
        raise RuntimeError("the simulator runs once")
    return Gauge(config, num_envs)
'''
TINY = (
    "--steps", "256", "--set", "agents.ppo.n_steps=64", "--set", "agents.ppo.num_envs=2",
    "--set", "agents.ppo.batch_size=32", "--agent", "ppo", "--episodes", "20",
)  # fmt: skip


@pytest.fixture(scope="module")
def gauge(tmp_path_factory):
    file = tmp_path_factory.mktemp("plugin") / "gauge.py"
    file.write_text(FILE)
    return ("--plugin-file", file)


def error_of(result):
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    errors = [line for line in result.stderr.splitlines() if line.startswith("rlsys: error")]
    assert len(errors) == 1, result.stderr
    return errors[0]


FAULTS = {
    "raises": "its step() raised KeyError: 'sensor 7'; correct the environment",
    "nan": "the reward is nan",
    "no metric": "an episode ended without its metric 'right'",
    "unseeded": "the same seed and actions gave another observation",
    "single": "a single environment; name it with `env`",
    "one copy": "RuntimeError: the simulator runs once",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_training_says_what_is_wrong_before_it_starts(gauge, tmp_path, fault):
    out = tmp_path / "run"
    result = run_here(
        *gauge, "train", "gauge", *TINY[:-2], "--set", f"fault={fault}", "--out", out, "--quiet"
    )
    assert FAULTS[fault] in error_of(result)
    assert not list(out.rglob("*.npz"))
    assert RunDirectory.open(out).status == "failed"
    log = (out / "error.log").read_text()
    assert "EnvironmentFault" in log
    if fault in ("raises", "one copy"):  # the environment's own traceback
        assert "gauge.py" in log


def test_an_evaluation_of_controllers_alone_is_checked_too(gauge):
    result = run_here(
        *gauge, "compare", "gauge", "--set", "fault=unseeded", "--episodes", "3", "--quiet"
    )
    assert "another observation" in error_of(result)


def test_the_traceback_is_shown_on_request(gauge):
    result = run(*gauge, "compare", "gauge", "--set", "fault=raises", env={"RLSYS_TRACEBACK": "1"})
    assert result.returncode == 1
    assert "KeyError: 'sensor 7'" in result.stderr
    assert "gauge.py" in result.stderr


def test_one_copy_is_enough_for_everything(gauge, tmp_path):
    out = tmp_path / "run"
    result = run_here(
        *gauge, "run", "gauge", *TINY, "--set", "fault=one copy", "--set", "playing.copies=1",
        "--set", "agents.ppo.num_envs=1", "--set", "exports=[json]", "--out", out, "--json", "-q",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["results"][0]["n"] == 20


def test_the_number_of_copies_changes_no_result(gauge, tmp_path):
    rows = []
    for copies in (1, 7, 100):
        result = run_here(
            *gauge, "run", "gauge", *TINY, "--set", f"playing.copies={copies}",
            "--out", tmp_path / f"run-{copies}", "--json", "-q",
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        rows.append(json.loads(result.stdout)["results"])
    assert rows[0] == rows[1] == rows[2]


def test_observations_beyond_their_bounds_are_refused_or_clipped_everywhere(gauge, tmp_path):
    """A network that met clipped observations acts in every format as it did in training."""
    wide = ("--set", "most=4.0", "--set", "exports=[json]", "--quiet", "--json")
    refused = run_here(*gauge, "run", "gauge", *TINY, *wide, "--out", tmp_path / "refused")
    assert "is above its bound 1" in error_of(refused) or "below its bound -1" in error_of(refused)
    out = tmp_path / "clipped"
    result = run_here(
        *gauge, "run", "gauge", *TINY, *wide, "--set", "playing.beyond_bounds=clip", "--out", out
    )
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert any("were beyond their bounds and were clipped" in note for note in document["notes"])
    (weights,) = out.glob("exports/json/*/policy_weights.json")
    assert json.loads(weights.read_text())["input_clip"] == {"low": [-1.0], "high": [1.0]}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_episode_that_never_ends_can_be_stopped_and_is_kept(gauge, tmp_path, number):
    """The validation never ends: one signal ends it, with the trained network saved before."""
    out = tmp_path / "run"
    settings = (
        *gauge, "train", "gauge", *TINY[:-2], "--set", "fault=endless", "--out", out,
        "--set", "playing.longest_episode=1000000000",
    )  # fmt: skip
    training = start(*settings)
    saved = out / "policies/default/seed-0/checkpoints/0-ppo"
    wait_until(lambda: (saved / "last/state.npz").exists())
    training.send_signal(number)
    _, errors = training.communicate(timeout=HANG)
    assert training.returncode == 130, errors
    assert RunDirectory.open(out).status == "interrupted"
    assert checkpoint_step(saved) == 256


def test_an_episode_that_never_ends_is_said_to(gauge, tmp_path):
    out = tmp_path / "run"
    result = run_here(
        *gauge, "train", "gauge", *TINY[:-2], "--set", "fault=endless", "--out", out, "--quiet",
        "--set", "playing.longest_episode=300",
    )  # fmt: skip
    assert "the episode has not ended after 300 steps" in error_of(result)
    assert (out / "policies/default/seed-0/checkpoints/0-ppo/last/network.npz").exists()


def test_metrics_hold_no_nan(gauge, tmp_path):
    """What is not a number in a line of metrics is null: JSON has no NaN."""
    out = tmp_path / "run"
    run_here(*gauge, "train", "gauge", *TINY[:-2], "--out", out, "--quiet")
    run_directory = RunDirectory.open(out)
    run_directory.append_metrics({"step": 1, "loss": float("nan"), "value": float("-inf")})

    def never(constant):
        raise AssertionError(constant)

    lines = (out / "metrics.jsonl").read_text().splitlines()
    parsed = [json.loads(line, parse_constant=never) for line in lines]
    assert parsed[-1] == {"step": 1, "loss": None, "value": None}
