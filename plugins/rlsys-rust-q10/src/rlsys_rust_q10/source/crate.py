"""Assembles the export folder: hand-written crates, the generated one, and their workspace.

Cargo.toml, Cargo.lock   the workspace for the host
q10/                     fixed-point inference (hand-written)
policy/                  the policy (generated)
sched/, stm32f411/       scheduler and firmware (hand-written), only with the application
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rlsys_rust_q10.checks.golden import FILE as VECTORS
from rlsys_rust_q10.source.template import fill
from rlsys_rust_q10.source.text import string

FIRMWARE = Path(__file__).parents[1] / "firmware"
"""The hand-written sources; in the repository, a link to the folder ``firmware``."""

VECTORS_PATH = Path("policy", "golden", VECTORS)

_LIBRARIES = ("q10",)
_WITH_APPLICATION = ("q10", "sched")
_BUILT = shutil.ignore_patterns("target")


def write_sources(directory: Path, application: bool) -> None:
    """Copy the hand-written crates and write the workspace around them and the policy."""
    crates = _WITH_APPLICATION if application else _LIBRARIES
    for name in (*crates, "stm32f411") if application else crates:
        shutil.copytree(FIRMWARE / name, directory / name, ignore=_BUILT)
    workspace = fill(
        "crate/workspace.toml",
        members=", ".join(string(name) for name in (*crates, "policy")),
        exclude='exclude = ["stm32f411"]' if application else "",
    )
    (directory / "Cargo.toml").write_text(workspace + "\n", encoding="utf-8")
    lock = (FIRMWARE / "Cargo.lock").read_text(encoding="utf-8")
    (directory / "Cargo.lock").write_text(pruned_lock(lock, ("policy", *crates)), encoding="utf-8")


def write_policy(directory: Path, files: dict[str, str], application: bool) -> None:
    """Write the generated crate: its manifest, and `files` by their path in the crate."""
    crates = _WITH_APPLICATION if application else _LIBRARIES
    dependencies = "\n".join(f'{name} = {{ path = "../{name}" }}' for name in crates)
    manifest = fill("crate/policy.toml", dependencies=dependencies) + "\n"
    for name, text in {"Cargo.toml": manifest, **files}.items():
        path = directory / "policy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def pruned_lock(text: str, members: Sequence[str]) -> str:
    """Return the ``Cargo.lock`` `text` reduced to `members` and what they need.

    The entry of ``policy`` is rewritten with the dependencies of this export.
    """
    lock = tomllib.loads(text)
    packages = {package["name"]: package for package in lock["package"]}
    packages["policy"] = {
        "name": "policy",
        "version": "0.1.0",
        "dependencies": sorted(name for name in members if name != "policy"),
    }
    needed: set[str] = set()
    waiting = list(members)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            # "name", or "name version" if there are several versions.
            waiting += [d.split()[0] for d in packages[name].get("dependencies", ())]
    head = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    entries = (_entry(packages[name]) for name in sorted(needed))
    return f"{head}\nversion = {lock['version']}\n\n" + "\n".join(entries)


def _entry(package: dict[str, Any]) -> str:
    lines = ["[[package]]"]
    for key, value in package.items():
        if isinstance(value, str):
            lines.append(f"{key} = {string(value)}")
        else:
            lines.append(f"{key} = [\n{_quoted(value)}]")
    return "\n".join(lines) + "\n"


def _quoted(values: Iterable[str]) -> str:
    return "".join(f" {string(value)},\n" for value in values)
