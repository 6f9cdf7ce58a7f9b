"""The README names two commands, and continuous integration runs what it names."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN, TEST = "./setup.sh rlsys run rtos", "./setup.sh tox"


def test_the_readme_has_exactly_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks = [text for language, text in found if language in ("", "sh", "bash", "console")]
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    assert [line for line in lines if line.startswith("./setup.sh")] == [RUN, TEST]


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert lines[-1] == TEST
    assert "set -euo pipefail" in lines


def matrix() -> configparser.ConfigParser:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    return tox


def names(text: str) -> list[str]:
    return text.replace(" ", "").split(",")


def labels() -> dict[str, list[str]]:
    lines = matrix()["tox"]["labels"].strip().splitlines()
    return {line.split("=")[0].strip(): names(line.split("=")[1]) for line in lines}


def test_the_test_command_covers_style_types_documentation_the_bare_core_and_everything() -> None:
    """`py` has the tests of firmware and examples in it: environments of their own would repeat."""
    assert names(matrix()["tox"]["env_list"]) == ["lint", "types", "docs", "core", "py"]


def test_what_is_installed_is_pinned_but_where_the_bounds_are_tested() -> None:
    tox = matrix()
    for section in tox.sections():
        install = tox[section].get("commands_pre", "{[testenv]pinned}")
        unpinned = section in ("testenv:oldest", "testenv:newest")
        assert ("{[testenv]unpinned}" in install) is unpinned, section
        assert ("{[testenv]pinned}" in install) is not unpinned, section
        assert "uv pip install" not in install, section
    assert "-c constraints.txt" in tox["testenv"]["pinned"]


def test_the_full_matrix_has_every_environment() -> None:
    plugins = {f"plugin-{path.name.removeprefix('rlsys-')}" for path in ROOT.glob("plugins/*")}
    sections = {name.removeprefix("testenv:") for name in matrix().sections() if ":" in name}
    alone = {name for name in sections if "{" not in name}
    full = set(labels()["full"])
    assert full == alone | plugins | {"py311", "py312", "py313"}
    (generated,) = sections - alone
    assert {f"plugin-{name}" for name in names(generated[8:-1])} == plugins
    assert set(labels()["quick"]) < full


def test_the_page_for_contributors_has_the_matrix_as_it_is() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told: dict[str, str] = {}
    for first, label in re.findall(r"^\| (`.*?) \|.*\| *([\w, ]*?) *\|$", text, re.MULTILINE):
        told |= dict.fromkeys(re.findall(r"`([\w-]+)`", first), label)
    known = labels()
    for name in {*known["full"], *names(matrix()["tox"]["env_list"])}:
        assert names(told.pop(name)) == [key for key in known if name in known[key]] or name == "py"
    assert not told


def test_the_types_of_every_plugin_are_checked() -> None:
    tox = matrix()
    for package in [*ROOT.glob("src/*"), *ROOT.glob("plugins/*/src/*")]:
        if (package / "__init__.py").exists():
            assert str(package.relative_to(ROOT)) in tox["testenv:types"]["commands"].split()
