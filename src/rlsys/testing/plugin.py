"""What holds for every plugin: its import is cheap, and what its descriptions name exists."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from rlsys.descriptors import resolve
from rlsys.errors import RlsysError
from rlsys.plugins.import_cost import import_cost
from rlsys.plugins.registry import Registry
from rlsys.testing.demands import fail, require
from rlsys.testing.isolation import isolated, options_for

HEAVY = (
    "gymnasium",
    "jax",
    "matplotlib",
    "numba",
    "numpy",
    "onnx",
    "onnxruntime",
    "optuna",
    "pandas",
    "pettingzoo",
    "sb3_contrib",
    "scipy",
    "sklearn",
    "stable_baselines3",
    "tensorflow",
    "torch",
)
HANG = 300.0
"""Seconds after which an import hangs, on however busy a machine."""
ALLOWED_IN_A_FILE = ("gymnasium", "numpy")
"""A plugin that is one file has its environment in it."""

_REFERENCES = (
    "application",
    "cases",
    "check",
    "command",
    "config",
    "factory",
    "ready",
    "vector_env",
)


class PluginConformance:
    """What the conformance classes share.

    Attributes:
        plugin: entry module (``"package.plugin"``), or path of a plugin file.
        environment_plugin: the same of the plugin that has the environment, where it is another.
    """

    plugin: ClassVar[str | Path]
    environment_plugin: ClassVar[str | Path | None] = None

    @classmethod
    def plugins(cls) -> tuple[str | Path, ...]:
        """Return the plugins that are loaded for the checks."""
        more = () if cls.environment_plugin is None else (cls.environment_plugin,)
        return (cls.plugin, *more)

    @classmethod
    def registry(cls) -> Registry:
        """Return what these plugins and rlsys itself provide, and nothing that is installed."""
        known: Registry | None = cls.__dict__.get("_registry")
        if known is None:
            try:
                known = isolated(*cls.plugins())
            except RlsysError as error:
                fail(str(error).partition(" (RLSYS_STRICT")[0], "see the message")
            setattr(cls, "_registry", known)  # noqa: B010 - an attribute that is no setting
        return known

    def described(self) -> Any:
        """Return the description under test."""
        raise NotImplementedError

    def test_importing_the_plugin_is_cheap(self) -> None:
        """Importing the entry module brings in nothing heavy: every `rlsys --help` does it."""
        cost = import_cost(str(self.plugin), limit=HANG)
        require(cost.error is None, f"{self.plugin} cannot be imported: {cost.error}", "see there")
        forbidden = set(HEAVY)
        if str(self.plugin).endswith(".py"):
            forbidden -= set(ALLOWED_IN_A_FILE)
        heavy = [f"{n} ({ms:.0f} ms)" for n, ms in cost.packages.items() if n in forbidden]
        require(
            not heavy,
            f"importing {self.plugin} took {1000 * cost.seconds:.0f} ms and brought in "
            f"{', '.join(heavy)}",
            "describe things as 'module:attribute' strings, and import these where they are used",
        )

    def test_everything_it_names_exists(self) -> None:
        """Every ``"module:attribute"`` of the description can be imported."""
        for reference in references(self.described()):
            try:
                resolve(reference)
            except RlsysError as error:
                fail(str(error), f"correct {reference!r} in the description")

    def options(self) -> Any:
        """Return what a process of its own loads to have the same plugins."""
        return options_for(*self.plugins())


def references(description: Any) -> Iterator[str]:
    """Yield every reference to code in a description and its parts."""
    for field in dataclasses.fields(description):
        value = getattr(description, field.name)
        if field.name in _REFERENCES and isinstance(value, str):
            yield value
        for part in value if isinstance(value, tuple) else (value,):
            if dataclasses.is_dataclass(part) and not isinstance(value, Mapping):
                yield from references(part)
