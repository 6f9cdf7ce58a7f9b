"""Every command line in the documentation is one that rlsys takes; what is quick is also run."""

from __future__ import annotations

from importlib import import_module

import click
import pytest
from pages import DOCS, PAGES, ROOT, commands, read, write_named_files
from program import run_here

from rlsys.descriptors import resolve
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry

pytest.importorskip("rlsys_rtos", reason="pip install 'rlsys[rtos]'")

LINES = [
    pytest.param(words, id=f"{page.relative_to(ROOT)}: {' '.join(words)}")
    for page in PAGES
    for words in commands(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("words", LINES)
def test_every_command_line_parses(words, tank, monkeypatch):
    from rlsys.cli.main import cli

    reached, invoke = [], click.Command.invoke

    def note(command, context):
        # The outermost one loads the plugins, whose options are known only then.
        return invoke(command, context) if command is cli else reached.append(command.name)

    monkeypatch.chdir(tank)
    monkeypatch.setattr(click.Command, "invoke", note)
    cli.main(list(words), prog_name="rlsys", standalone_mode=False)
    assert reached or "--help" in words


def test_a_wrong_option_would_be_noticed(monkeypatch):
    from rlsys.cli.main import cli

    monkeypatch.setattr(click.Command, "invoke", lambda *_: None)
    with pytest.raises(click.UsageError):
        cli.main(["run", "rtos", "--sed", "1"], prog_name="rlsys", standalone_mode=False)


REGISTRY = Registry(PluginManager(PluginOptions()))


def why_not_run(words):
    """Return why a command line is only parsed, or None where it is run."""
    if "--help" in words:
        return None
    if words[0].startswith("--"):
        return "it names a file of its page, whose own test runs it"
    name, *rest = words
    if name in REGISTRY.commands:
        command = resolve(REGISTRY.commands.get(name).command)
        owner = REGISTRY.commands.entries[name].plugin.name
    else:
        command = import_module(f"rlsys.cli.commands.{name}").command
        owner = ""
    costly = [REGISTRY.environments.get(one) for one in REGISTRY.environments]
    costly = {spec.name for spec in costly if spec.costly}
    if costly & {owner, *rest}:
        return "it works on the machine itself"
    if {"--seeds", "--trials"} & {flag for one in command.params for flag in one.opts}:
        return "it trains, for minutes"
    if [one.name for one in command.params][:1] == ["plugin"] and rest[
        0
    ] not in REGISTRY.environments:
        return "its page makes the plugin, and has a test of its own"
    if any(word == "RUN" or word.startswith("runs/") for word in rest):
        return "it takes a run that an earlier line of its page has trained"
    return None


def run_lines():
    lines = {tuple(line.values[0]) for line in LINES}
    return sorted(words for words in lines if not why_not_run(words))


@pytest.mark.slow
@pytest.mark.parametrize("words", run_lines(), ids=" ".join)
def test_a_quick_command_line_does_what_it_says(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(DOCS)
    few = ("--episodes", "2", "--no-oracle") if words[0] == "compare" else ()
    few += ("--set", "slots=1") if "mec" in words else ()
    ended = run_here(*words, *few)
    # Whether something is missing on this machine is what `doctor` finds out.
    assert ended.returncode in ((0, 1) if words[0] == "doctor" else (0,)), ended.stderr
    assert ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("run rtos --preset normal", "trains"),
        ("tune rtos --trials 2", "trains"),
        ("run sysctl --preset net-long-path", "machine itself"),
        ("sysctl restore", "machine itself"),
        ("compare sysctl", "machine itself"),
        ("export RUN --to onnx", "a run"),
        ("gantt runs/first", "a run"),
        ("--plugin-file tank.py plugins", "a file"),
        ("compare valve", "makes the plugin"),
    ],
)
def test_what_is_not_run_has_a_reason(line, why):
    assert why in why_not_run(line.split())


def test_what_is_harmless_is_run():
    assert {"plugins", "doctor", "compare", "gantt", "--help"} <= {
        words[0] for words in run_lines()
    }


QUICKLY_CHECKED = (
    "--set", "exports.rust-q10.observations=1000", "--set", "exports.rust-q10.golden_vectors=100",
    "--set", "exports.rust-q10.episodes=1",
    "--set", "exports.rust-q10.least_equal_actions=0", "--set",
    "exports.rust-q10.most_reward_difference=1000",
)  # fmt: skip
"""Of a policy that has hardly learned, many actions are close to a tie."""
SMALL = (
    *QUICKLY_CHECKED,
    "--seeds", "2", "--jobs", "1",
    "--set", "agents.maskable-ppo.n_steps=16", "--set", "agents.maskable-ppo.n_epochs=1",
    "--set", "training.validation_episodes=1",
)  # fmt: skip
SMALL_LABELLING = (
    "--set", "agents.self-labelling.rounds=1", "--set", "agents.self-labelling.episodes=16",
    "--set", "agents.self-labelling.keep=4",
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
    if words[0] == "run" and "general" in words:
        words += SMALL_GENERAL
    elif words[0] == "run":
        labelling = () if "--agent" in words else SMALL_LABELLING
        # Whoever asks for more steps gets more.
        words += [*SMALL, *labelling, "--steps", "2048" if "4e5" in words else "1024"]
    if words[0] == "export" and "rust-q10" in words:
        words += ["--set", "least_equal_actions=0", "--set", "most_reward_difference=1000"]
    if words[0] in FEW:
        words += ["--episodes", str(FEW[words[0]])]
    return words


@pytest.mark.full
def test_the_quick_start_runs_as_written(tmp_path, monkeypatch):
    for extra in ("sb3_contrib", "matplotlib", "onnxruntime", "optuna"):
        pytest.importorskip(extra, reason="pip install 'rlsys[all]'")
    monkeypatch.chdir(tmp_path)
    assert write_named_files(DOCS / "quick-start.md", tmp_path) == {"my.yaml", "first.py"}
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
        "runs/longer/policies/normal/seed-1/network.npz",
        "runs/longer/earlier/1024/policies/normal/seed-1/network.npz",
        "comparison.png",
        "best-effort.png",
        "learned.png",
        "runs/general/result.json",
    ):
        assert (tmp_path / file).stat().st_size > 0, file
