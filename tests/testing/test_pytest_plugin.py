"""The fixtures for authors of plugins: isolated from what is installed, and cheap to load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import dial
import pytest

from rlsys.errors import PluginError

DIAL = Path(dial.__file__)


@pytest.fixture
def uses(tmp_path):
    """Return a function that runs a test module in a pytest of its own."""

    def run(body: str, *arguments: str):
        (tmp_path / "test_it.py").write_text(body, encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_loading_it_brings_in_nothing_heavy():
    code = (
        "import sys, json, rlsys.testing.pytest_plugin\n"
        "print(json.dumps([m for m in sys.modules if '.' not in m or m.startswith('rlsys')]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(ran.stdout)
    assert "rlsys.testing.pytest_plugin" in loaded
    heavy = {"numpy", "gymnasium", "torch", "pydantic", "yaml", "rlsys.plugins", "rlsys.network"}
    assert not heavy & set(loaded)


def test_plugins_are_loaded_on_their_own(rlsys_plugins):
    registry = rlsys_plugins(DIAL)
    assert list(registry.environments) == ["dial", "gymnasium"]
    assert {"climber", "ppo"} <= set(registry.agents)
    assert all(p.status != "active" or p.distribution in ("rlsys", "(file)")
               for p in registry.manager.plugins)  # fmt: skip
    assert list(rlsys_plugins().environments) == ["gymnasium"]


def test_a_plugin_that_cannot_be_loaded_is_an_error(rlsys_plugins, tmp_path):
    with pytest.raises(PluginError, match="no_such_package"):
        rlsys_plugins("no_such_package.plugin")
    broken = tmp_path / "broken_one.py"
    broken.write_text("1 / 0")
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        rlsys_plugins(broken)


def test_the_command_line_sees_what_it_is_given_and_nothing_else(rlsys_cli, tmp_path, monkeypatch):
    monkeypatch.setenv("RLSYS_STRICT_PLUGINS", "1")
    result = rlsys_cli("--plugin-file", DIAL, "plugins", "--json")
    assert result.returncode == 0, result.stderr
    rows = json.loads(result.stdout)["plugins"]
    active = {row["name"] for row in rows if row["status"] == "active"}
    built_in = {"agents", "exporters", "executors", "adapters.existing"}
    assert active == {"dial", *(f"rlsys.{name}" for name in built_in)}
    trained = rlsys_cli("--plugin-file", DIAL, "train", "dial", "--out", "run", "--quiet")
    assert trained.returncode == 0, trained.stderr
    assert (tmp_path / "run" / "manifest.json").is_file()
    assert rlsys_cli("--plugin-file", DIAL, "run", "dail").returncode == 1


def test_only_the_installed_plugins_that_are_named_are_seen(rlsys_cli):
    result = rlsys_cli("plugins", plugins=("no-such-plugin",))
    assert result.returncode == 1
    assert "no installed plugin is called 'no-such-plugin'" in result.stderr


SOUND = f"""
from rlsys.testing import ExporterConformance

class TestText(ExporterConformance):
    plugin = {str(DIAL)!r}
    exporter = "text"
"""


def test_installed_rlsys_brings_the_fixtures_along(uses):
    ran = uses("def test_it(rlsys_cli, rlsys_plugins): assert rlsys_cli('--version').stdout")
    assert ran.returncode == 0, ran.stdout


def test_a_base_class_alone_is_no_test(uses):
    ran = uses("from rlsys.testing import AgentConformance, EnvironmentConformance")
    assert ran.returncode == 5, ran.stdout  # no tests were found


def test_settings_that_are_refused_are_told_in_a_line(uses):
    ran = uses(SOUND + "    settings = {'nam': 'a'}", "-k", "closed")
    assert ran.returncode == 1
    assert "the settings to test with are not valid" in ran.stdout
    assert "did you mean 'name'" in ran.stdout
    assert "Traceback" not in ran.stdout


def test_a_name_that_the_plugin_does_not_have_is_told(uses):
    ran = uses(SOUND.replace('"text"', '"txet"'), "-k", "names_exists")
    assert ran.returncode == 1
    assert "unknown exporter 'txet' (did you mean 'text'?" in ran.stdout


def test_what_is_missing_skips_checks_and_fails_them_in_ci(uses, monkeypatch):
    lacking = (
        SOUND
        + """
    def described(self):
        import dataclasses
        from rlsys.descriptors import Requirement
        missing = Requirement(name="no_such_module", fix="pip install no-such-module")
        return dataclasses.replace(super().described(), requires=(missing,))
"""
    )
    monkeypatch.delenv("CI", raising=False)
    ran = uses(lacking, "-rs", "-k", "some_network")
    assert ran.returncode == 0, ran.stdout
    assert "SKIPPED" in ran.stdout
    assert "pip install no-such-module" in ran.stdout
    monkeypatch.setenv("CI", "true")
    ran = uses(lacking, "-k", "some_network")
    assert ran.returncode == 1
    assert "pip install no-such-module" in ran.stdout
