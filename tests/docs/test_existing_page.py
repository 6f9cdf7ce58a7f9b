"""The page on existing environments: its commands run in their order, with little to do."""

from __future__ import annotations

import importlib.util
import json

import pytest
from pages import DOCS, commands, read, table, write_named_files
from program import run_here

PAGE = "existing-environment.md"
for extra in ("stable_baselines3", "matplotlib", "onnxruntime"):
    pytest.importorskip(extra, reason="pip install 'rlsys[all]'")

ELSEWHERE = {"minigrid": "minigrid", "mpe2": "mpe2"}
"""Packages that environments of the page come from, and that may be missing."""
LITTLE = {
    "ppo": ("n_steps=32", "num_envs=2", "n_epochs=1", "batch_size=32"),
    "dqn": ("learning_starts=16",),
    "sb3-shared": ("n_steps=8", "num_envs=2", "n_epochs=1"),
}


def lines():
    found = commands(read(PAGE))
    assert len(found) > 8
    return [line for line in found if "tune" not in line]


def agent_of(words):
    if "--agent" in words:
        return words[words.index("--agent") + 1]
    return "sb3-shared" if "pettingzoo:" in " ".join(words) else "ppo"


def small(words):
    """Return the same command with little to do."""
    words = list(words)
    if {"run", "train"} & set(words):
        agent = agent_of(words)
        for setting in LITTLE[agent]:
            words += ["--set", f"agents.{agent}.{setting}"]
        words += ["--steps", "64", "--set", "training.validation_episodes=1"]
    if "pettingzoo:" in " ".join(words):
        words += ["--set", "exports=[json]", "--out", "runs/zoo"]
    if {"run", "evaluate", "compare"} & set(words):
        words += ["--episodes", "2"]
    return words


def needed(words):
    return [name for key, name in ELSEWHERE.items() if any(key in word for word in words)]


@pytest.mark.slow
def test_the_commands_of_the_page_do_what_it_says(tank, monkeypatch):
    monkeypatch.chdir(tank)
    assert write_named_files(DOCS / PAGE, tank) == {"thermostat.py", "heating.py"}
    done = 0
    for words in lines():
        if any(importlib.util.find_spec(name) is None for name in needed(words)):
            continue
        ended = run_here(*small(words))
        assert ended.returncode == 0, (words, ended.stderr)
        done += 1
    assert done >= 8
    result = json.loads((tank / "runs/thermostat/result.json").read_text())
    assert {row["controller"] for row in result["results"]} == {"ppo", "random"}
    assert (tank / "runs/thermostat/exports/onnx/Thermostat/policy.onnx").exists()
    if importlib.util.find_spec("mpe2") is not None:
        roles = tank / "runs/zoo/exports/json/simple_speaker_listener_v4"
        assert {folder.name for folder in roles.iterdir()} == {"speaker", "listener"}
    exported = next((tank / "thermostat-policy").rglob("policy_weights.json"))
    notes = json.loads(exported.read_text())["notes"]
    assert notes["observation_layout"] == ["input 0: Box(1) of float32"]
    assert notes["action_layout"] == ["entry 0: Discrete(2)"]


def test_the_settings_of_the_environment_are_named():
    from rlsys.adapters.existing.settings import GymnasiumSettings

    text = read(PAGE)
    for name in GymnasiumSettings.model_fields:
        assert f"{name}" in text, name
    forms = table(text, "`id`")
    assert len(forms) == 4
