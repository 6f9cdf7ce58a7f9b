"""Records the versions of the packages that a run used."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform

_RECORDED = (
    "rlsys",
    "numpy",
    "gymnasium",
    "torch",
    "stable-baselines3",
    "sb3-contrib",
    "pydantic",
    "pluggy",
)


def versions_of(distributions: tuple[str, ...]) -> dict[str, str]:
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    for name in dict.fromkeys((*_RECORDED, *distributions)):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions
