"""`rlsys ... gymnasium`: a stranger's single environment, with every command and no plugin."""

from __future__ import annotations

import json

import pytest
from program import refused, run, run_here
from registered import newest

for extra in ("stable_baselines3", "matplotlib", "onnxruntime"):
    pytest.importorskip(extra, reason="pip install 'rlsys[all]'")

LINE = """
import gymnasium
import numpy as np

class Line(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-9, 9, (1,), np.int64)
    action_space = gymnasium.spaces.MultiBinary(2)
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t, self.x = 0, int(self.np_random.integers(-5, 6))
        return np.array([self.x]), {}
    def step(self, action):
        self.t, self.x = self.t + 1, min(max(self.x + int(action[0]) - int(action[1]), -9), 9)
        return np.array([self.x]), -abs(self.x), False, self.t >= 10, {}
"""
IT = ("gymnasium", "--set", "id=line_module:Line")
LITTLE = (
    "--set", "agents.ppo.n_steps=16", "--set", "agents.ppo.num_envs=4",
    "--set", "agents.ppo.batch_size=32", "--steps", "128",
    "--set", "training.checkpoint_every=64", "--set", "training.validation_episodes=2",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the module, and with a finished run of one command."""
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "line_module.py").write_text(LINE)
    ended = run(
        "run", *IT, *LITTLE, "--episodes", "4", "--set", "exports=[json,onnx]",
        "--set", "processes=2", "--json", "--out", "done", cwd=folder,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (folder / "printed.json").write_text(ended.stdout)
    return folder


@pytest.fixture(autouse=True)
def _here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def test_one_command_trains_compares_reports_and_exports(folder):
    document = json.loads((folder / "printed.json").read_text())
    rows = {(r["case"], r["controller"], r["kind"], r["metric"]) for r in document["results"]}
    assert ("Line", "ppo", "learned", "reward") in rows
    assert ("Line", "random", "baseline", "length") in rows
    checks = {v["name"]: v["holds"] for v in document["verdicts"] if v["kind"] == "check"}
    assert checks == {
        "json-exact-weights": True, "json-same-actions": True, "onnx-same-actions": True,
    }  # fmt: skip
    assert "## Line" in (folder / "done" / "report.md").read_text()
    for name in ("figures/comparison.png", "figures/training_reward.png"):
        assert (folder / "done" / name).read_bytes().startswith(b"\x89PNG")
    weights = json.loads((folder / "done/exports/json/Line/policy_weights.json").read_text())
    assert weights["decoding"]["sizes"] == [2, 2]
    assert weights["notes"]["observation_layout"] == ["input 0: Box(1) of int64"]
    assert weights["notes"]["action_layout"] == ["entries 0 to 1: MultiBinary(2), 0 or 1 each"]


def test_processes_do_not_change_the_result(folder):
    ended = run_here("run", *IT, *LITTLE, "--episodes", "4", "--json", "--out", "alone", "--quiet")
    assert ended.returncode == 0, ended.stderr
    printed = json.loads((folder / "printed.json").read_text())
    assert json.loads(ended.stdout)["results"] == printed["results"]


def test_the_other_commands_take_the_run(folder):
    ended = run_here("evaluate", "done", "--episodes", "3", "--json")
    assert ended.returncode == 0, ended.stderr
    assert {row["n"] for row in json.loads(ended.stdout)["results"]} == {3}
    ended = run_here("export", "done", "--to", "onnx", "--out", "elsewhere")
    assert ended.returncode == 0, ended.stderr
    assert list((folder / "elsewhere").rglob("policy.onnx"))
    ended = run_here("compare", *IT, "done", "--episodes", "3", "--json")
    assert ended.returncode == 0, ended.stderr
    assert {row["controller"] for row in json.loads(ended.stdout)["results"]} == {"done", "random"}
    ended = run_here(
        "tune",
        *IT,
        *LITTLE,
        "--trials",
        "2",
        "--search",
        "ppo.gamma=0.9..0.99",
        "--json",
        "--out",
        "search",
    )
    assert ended.returncode == 0, ended.stderr


def test_a_training_resumes(folder):
    train = ("train", *IT, *LITTLE, "--out", "resumed")
    assert run_here(*train).returncode == 0
    last = folder / "resumed/policies/Line/seed-0"
    (last / "network.npz").unlink()
    (last / "checkpoints/0-ppo/training.json").unlink()
    assert run_here(*train, "--resume").returncode == 0
    assert (last / "network.npz").exists()


def test_masks_choose_the_agent_and_a_threshold_is_reported(folder):
    del folder
    ended = run_here(
        "compare", "gymnasium", "--set", f"id={newest('Taxi')}", "--episodes", "2", "--json"
    )
    assert ended.returncode == 0, ended.stderr
    ended = run_here(
        "run", "gymnasium", "--set", "id=CartPole-v1", *LITTLE, "--episodes", "2", "--json",
        "--set", "max_episode_steps=5", "--out", "pole",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (verdict,) = (v for v in json.loads(ended.stdout)["verdicts"] if v["kind"] == "reaches")
    assert (verdict["reference"], verdict["holds"]) == ("reward-threshold", False)
    assert verdict["figures"]["threshold"] == 475.0
    assert verdict["figures"]["mean"] <= 5.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "id must be given: a registered environment (--set id=CartPole-v1), or your own"),
        (("--set", "id=line_modul:Line"), "did you mean 'line_module'?"),
        (("--set", "id=line_module:Lines"), "did you mean 'Line'?"),
        (("--set", "id=CartPole-v7"), "did you mean 'CartPole-v1'"),
        (("--set", "id=CartPole-v1", "--set", "kwargs.size=3"), "keyword argument 'size'"),
        (("--set", "id=CartPole-v1", "--set", "copies=3"), "unknown key"),
    ],
)
@pytest.mark.parametrize("command", ["run", "train", "compare"])
def test_mistakes_are_one_line(command, arguments, message):
    assert message in refused(command, "gymnasium", *arguments, "--quiet", code=1)
