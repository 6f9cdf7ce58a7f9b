"""The examples in the documentation do what the page says."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from pages import DOCS, PAGES, ROOT, blocks, commands, read, write_named_files
from program import environment, run_here

READERS = {
    "python": ast.parse,
    "json": json.loads,
    "yaml": yaml.safe_load,
    "toml": tomllib.loads,
}


def broken_blocks(text: str) -> list[str]:
    """Return the first lines of the blocks that are not in the language that they name."""
    broken = []
    for language, reader in READERS.items():
        for body in blocks(text, language):
            try:
                reader(body)
            except (SyntaxError, ValueError, yaml.YAMLError):
                broken.append(body.splitlines()[0])
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_is_in_its_language(page):
    assert broken_blocks(page.read_text(encoding="utf-8")) == []


def test_a_broken_block_would_be_noticed():
    text = "".join(f"```{language}\n{{a: [\n```\n\n" for language in READERS)
    assert broken_blocks(text) == ["{a: ["] * 4


def run_python(code: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), timeout=600
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_network_example_chooses_allowed_actions():
    (code,) = blocks(read("network.md"), "python")
    assert run_python(f"import os, tempfile; os.chdir(tempfile.mkdtemp())\n{code}") == "[0 2]\n"


def test_the_optimum_under_the_mask_is_what_the_page_says():
    pytest.importorskip("rlsys_rtos", reason="pip install 'rlsys[rtos]'")
    text = read("plugins/rtos.md")
    said = re.findall(r"^\| `(normal|stressed)` \| ([\d.]+) \| ([\d.]+) \|$", text, re.MULTILINE)
    assert len(said) == 2
    printed = run_python(blocks(text, "python")[0])
    assert printed.splitlines() == [f"{name}: {free} {masked}" for name, free, masked in said]


def test_the_environment_is_reached_through_gymnasium_as_the_page_says():
    pytest.importorskip("rlsys_rtos", reason="pip install 'rlsys[rtos]'")
    check = "assert observation.shape == (36,), observation.shape\nassert masks.shape == (64, 7)"
    run_python(f"{blocks(read('plugins/rtos.md'), 'python')[1]}\n{check}")


def test_the_taskset_examples_are_valid(tmp_path):
    pytest.importorskip("rlsys_rtos", reason="pip install 'rlsys[rtos]'")
    from rlsys_rtos.config import load_taskset

    for page, tasks, length in (("plugins/rtos.md", 2, 400), ("quick-start.md", 3, 40)):
        assert "my.yaml" in write_named_files(DOCS / page, tmp_path)
        taskset = load_taskset(tmp_path / "my.yaml")
        assert (len(taskset.tasks), taskset.episode_length()) == (tasks, length)


def test_the_run_configuration_example_resolves(tmp_path):
    pytest.importorskip("rlsys_rtos", reason="pip install 'rlsys[rtos]'")
    from rlsys.config.plan import Overrides, resolve_plan
    from rlsys.plugins.manager import PluginManager
    from rlsys.plugins.registry import Registry

    assert "run.yaml" in write_named_files(DOCS / "configuration.md", tmp_path)
    plan = resolve_plan(
        Registry(PluginManager()), "rtos", Overrides(file=str(tmp_path / "run.yaml"))
    )
    assert [case.name for case in plan.cases] == ["normal"]
    assert [spec.name for spec, _ in plan.agents] == ["maskable-ppo", "self-labelling"]
    assert plan.config.environment["observation"] == "full"
    assert plan.config.training_seeds() == [0, 1, 2]


def test_the_example_plugin_runs(tank, monkeypatch):
    for extra in ("stable_baselines3", "matplotlib"):
        pytest.importorskip(extra, reason="pip install 'rlsys[sb3,figures]'")
    monkeypatch.chdir(tank)
    lines = [words for words in commands(read("write-a-plugin.md")) if "--plugin-file" in words]
    assert {words[2] for words in lines} == {"plugins", "run", "compare", "train"}
    for words in lines:
        if words[2] in ("run", "train"):
            words = [*words, "--steps", "1600"]
        if words[2] in ("run", "compare"):
            words = [*words, "--episodes", "4"]
        ended = run_here(*words)
        assert ended.returncode == 0, (words, ended.stderr)
        assert "failed" not in ended.stdout
    assert (tank / "runs/tank/exports/json/default/policy_weights.json").exists()


def test_the_example_plugin_keeps_the_contract(tank, monkeypatch):
    np = pytest.importorskip("numpy")
    pytest.importorskip("gymnasium")
    from gymnasium.utils.env_checker import check_env

    from rlsys.adapters.single import SingleEnv

    monkeypatch.syspath_prepend(str(tank))
    import tank as module

    config = module.TankConfig()
    check_env(SingleEnv(module.TankVectorEnv(config, 1)), skip_render_check=True)

    def play(env, steps):
        return [env.step(np.full(env.num_envs, (t // 3) % 2))[:2] for t in range(steps)]

    env = module.TankVectorEnv(config, 3)
    env.reset(seed=5)
    play(env, 70)  # into the second episode
    state = env.get_state()
    after = play(env, 60)
    other = module.TankVectorEnv(config, 3)
    other.set_state(state)
    for (seen, earned), (seen_again, earned_again) in zip(after, play(other, 60), strict=True):
        np.testing.assert_array_equal(seen, seen_again)
        np.testing.assert_array_equal(earned, earned_again)
    alone, together = module.TankVectorEnv(config, 1), module.TankVectorEnv(config, 3)
    alone.reset(seed=[7])
    together.reset(seed=[5, 6, 7])
    for (one, _), (all_three, _) in zip(play(alone, 120), play(together, 120), strict=True):
        np.testing.assert_array_equal(one[0], all_three[2])


def test_the_example_package_names_the_entry_point_group(tank):
    from rlsys.plugins.manager import ENTRY_POINT_GROUP

    project = tomllib.loads((tank / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"] == {ENTRY_POINT_GROUP: {"tank": "rlsys_tank.plugin"}}


def test_gymnasium_makes_the_example_of_the_package(tank):
    pytest.importorskip("gymnasium")
    package = tank / "rlsys_tank"
    (package / "__init__.py").touch()
    (package / "config.py").write_text("from tank import TankConfig\n")
    (package / "env.py").write_text("from tank import TankVectorEnv\n")
    code = (
        "import rlsys_tank, gymnasium; name = 'rlsys_tank.gym:rlsys/Tank-v0'\n"
        "print(gymnasium.make(name, target=0.7).unwrapped.vector_env.config.target)\n"
        "print(gymnasium.make_vec(name, num_envs=3).num_envs)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tank, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0.7", "3"]
