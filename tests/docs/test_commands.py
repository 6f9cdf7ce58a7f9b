"""Every command line in the documentation is one that rlsys takes; the quick start's also run."""

from __future__ import annotations

import click
import pytest
from pages import DOCS, PAGES, ROOT, commands, read, write_named_files
from program import run_here

pytest.importorskip("rlsys_rtos", reason="pip install 'rlsys[rtos]'")

LINES = [
    pytest.param(words, id=f"{page.relative_to(ROOT)}: {' '.join(words)}")
    for page in PAGES
    for words in commands(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("words", LINES)
def test_every_command_line_parses(words, tank, monkeypatch):
    from rlsys.cli.main import cli

    reached = []
    monkeypatch.chdir(tank)
    monkeypatch.setattr(click.Command, "invoke", lambda self, _: reached.append(self.name))
    cli.main(list(words), prog_name="rlsys", standalone_mode=False)
    assert reached or "--help" in words


def test_a_wrong_option_would_be_noticed(monkeypatch):
    from rlsys.cli.main import cli

    monkeypatch.setattr(click.Command, "invoke", lambda *_: None)
    with pytest.raises(click.UsageError):
        cli.main(["run", "rtos", "--sed", "1"], prog_name="rlsys", standalone_mode=False)


QUICKLY_CHECKED = (
    "--set", "exports.rust-q10.observations=1000", "--set", "exports.rust-q10.golden_vectors=100",
    "--set", "exports.rust-q10.episodes=1",
)  # fmt: skip
SMALL = (
    *QUICKLY_CHECKED,
    "--steps", "1024", "--seeds", "2", "--jobs", "1",
    "--set", "agents.maskable-ppo.n_steps=16", "--set", "agents.maskable-ppo.n_epochs=1",
    "--set", "agents.self-labelling.rounds=1", "--set", "agents.self-labelling.episodes=16",
    "--set", "agents.self-labelling.keep=4", "--set", "training.validation_episodes=1",
)  # fmt: skip
SMALL_GENERAL = (
    *QUICKLY_CHECKED,
    "--set", "agents.imitation.rounds=1", "--set", "agents.imitation.instances=2",
    "--set", "agents.imitation.updates=2", "--set", "training.validation_episodes=1",
    "--set", "generator.max_tasks=5",
)  # fmt: skip
FEW = {"run": 2, "evaluate": 2, "compare": 2}


def small(words: list[str]) -> list[str]:
    """Return the same command with little to do."""
    words = list(words)
    if words[0] == "run":
        words += SMALL_GENERAL if "general" in words else SMALL
    if words[0] in FEW:
        words += ["--episodes", str(FEW[words[0]])]
    return words


def test_the_quick_start_runs_as_written(tmp_path, monkeypatch):
    for extra in ("sb3_contrib", "matplotlib", "onnxruntime", "optuna"):
        pytest.importorskip(extra, reason="pip install 'rlsys[all]'")
    monkeypatch.chdir(tmp_path)
    assert write_named_files(DOCS / "quick-start.md", tmp_path) == {"my.yaml"}
    lines = commands(read("quick-start.md"))
    assert lines[0] == ["run", "rtos"]
    for words in lines[1:]:
        ended = run_here(*small(words))
        assert ended.returncode == 0, (words, ended.stderr)
    for file in (
        "runs/first/report.md",
        "runs/first/result.json",
        "runs/first/figures/training_reward.png",
        "runs/first/figures/comparison.png",
        "runs/first/policies/stressed/seed-0/network.npz",
        "runs/first/exports/json/normal/policy_weights.json",
        "runs/first/exports/onnx/stressed/policy.onnx",
        "runs/five/policies/normal/seed-1/network.npz",
        "runs/mine/policies/my/seed-0/network.npz",
        "comparison.png",
        "best-effort.png",
        "learned.png",
        "runs/general/result.json",
    ):
        assert (tmp_path / file).stat().st_size > 0, file
