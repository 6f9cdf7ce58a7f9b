"""The README names two commands, and continuous integration runs what it names."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN, TEST = "./setup.sh rlsys run rtos", "./setup.sh tox"


def test_the_readme_has_exactly_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(
        r"^```(?:sh|bash|console|shell)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL
    )
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    assert [line for line in lines if line.startswith("./setup.sh")] == [RUN, TEST]


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert lines[-1] == TEST
    assert "set -euo pipefail" in lines


def test_the_test_command_covers_style_types_the_bare_core_and_everything() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    assert tox["tox"]["env_list"].replace(" ", "").split(",") == ["lint", "types", "core", "py"]
    for section in tox.sections():
        install = tox[section].get("commands_pre", "")
        if "uv pip install" in install and "--upgrade-package" not in install:
            assert "constraints.txt" in install, section
    assert "-c constraints.txt" in tox["testenv"]["install"]


def test_the_types_of_every_plugin_are_checked() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    for package in [*ROOT.glob("src/*"), *ROOT.glob("plugins/*/src/*")]:
        if (package / "__init__.py").exists():
            assert str(package.relative_to(ROOT)) in tox["testenv:types"]["commands"].split()
