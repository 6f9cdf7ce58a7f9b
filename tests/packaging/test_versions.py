"""What is tested is what is pinned: our distributions' versions and all that they install."""

from __future__ import annotations

import importlib.metadata as metadata
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]

# What only the CUDA build of torch brings; torch pins these itself, and its CPU build has none.
CUDA_PACKAGE = re.compile(r"nvidia-.*|cuda-.*|triton")


def project(path: Path) -> dict[str, Any]:
    declared: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return declared


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    result: dict[str, Version] = {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        name, exact, version = line.partition("==")
        assert exact, f"constraints.txt: {line!r} is not an exact pin"
        assert canonicalize_name(name) not in result, f"constraints.txt: {name} is pinned twice"
        result[canonicalize_name(name)] = Version(version)
    return result


def installed_closure(name: str, extras: set[str]) -> dict[str, Version]:
    """Everything that `pip install name[extras]` puts into this environment, ours left out."""
    ours = {canonicalize_name(project(path)["name"]) for path in PROJECTS}
    found: dict[str, Version] = {}
    done: set[tuple[str, str]] = set()
    todo = [(name, extra) for extra in sorted({"", *extras})]
    while todo:
        name, extra = todo.pop()
        if (name, extra) in done:
            continue
        done.add((name, extra))
        distribution = metadata.distribution(name)
        if name not in ours:
            found[name] = Version(distribution.version)
        for text in distribution.requires or []:
            requirement = Requirement(text)
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            needed = canonicalize_name(requirement.name)
            if not CUDA_PACKAGE.fullmatch(needed):
                todo += [(needed, wanted) for wanted in {"", *requirement.extras}]
    return found


def test_every_installed_dependency_is_pinned_at_the_installed_version() -> None:
    pinned = pins()
    installed = installed_closure("rlsys", {"all", "dev"})
    assert len(installed) > 50  # the walk reached torch, the agents and the tools
    missing = sorted(set(installed) - set(pinned))
    assert not missing, f"add to constraints.txt: {missing}"
    different = {
        name: f"installed {version}, pinned {pinned[name]}"
        for name, version in installed.items()
        if Version(version.public) != pinned[name]
    }
    assert not different


def test_the_pins_satisfy_what_the_distributions_ask_for() -> None:
    pinned = pins()
    for path in PROJECTS:
        declared = project(path)
        groups = declared.get("optional-dependencies", {}).values()
        for text in [*declared["dependencies"], *(text for group in groups for text in group)]:
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            if name.startswith("rlsys"):
                continue
            assert name in pinned, f"{path.relative_to(ROOT)}: {name} is not in constraints.txt"
            assert requirement.specifier.contains(pinned[name]), f"{path}: {text}"


def test_no_cuda_package_is_pinned() -> None:
    assert not [name for name in pins() if CUDA_PACKAGE.fullmatch(name)]


def test_constraints_hold_no_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_the_metadata_of_every_distribution_is_up_to_date() -> None:
    for path in PROJECTS:
        name, version = project(path)["name"], project(path)["version"]
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            assert path != PROJECTS[0]  # a plugin may well not be installed: tox -e core
            continue
        assert installed == version, f"{name}: set up again, metadata is stale"


@pytest.mark.parametrize("path", PROJECTS[1:], ids=lambda path: path.parent.name)
def test_the_extra_all_installs_every_plugin_from_the_workspace(path: Path) -> None:
    name = project(path)["name"]
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert root["tool"]["uv"]["sources"][name] == {"workspace": True}

    wanted = {"all"}
    reached: set[str] = set()
    while wanted:
        extra = wanted.pop()
        for text in root["project"]["optional-dependencies"][extra]:
            requirement = Requirement(text)
            if requirement.name == "rlsys":
                wanted |= requirement.extras
            reached.add(requirement.name)
    assert name in reached


def test_all_distributions_ask_for_one_python() -> None:
    assert {project(path)["requires-python"] for path in PROJECTS} == {">=3.11"}
