"""Checks for every plugin: its import is cheap, and everything that it refers to exists."""

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
"""A plugin in a single file contains its environment, so it needs these."""

_REFERENCES = (
    "agent_for",
    "application",
    "cases",
    "check",
    "command",
    "config",
    "env",
    "factory",
    "ready",
    "vector_env",
)


class PluginConformance:
    """Base of the conformance classes.

    Attributes:
        plugin: entry module (``"package.plugin"``), or path of a plugin file.
        environment_plugin: entry module or path of the plugin with the environment, if different.
    """

    plugin: ClassVar[str | Path]
    environment_plugin: ClassVar[str | Path | None] = None

    @classmethod
    def plugins(cls) -> tuple[str | Path, ...]:
        """Return the plugins to load for the checks."""
        more = () if cls.environment_plugin is None else (cls.environment_plugin,)
        return (cls.plugin, *more)

    @classmethod
    def registry(cls) -> Registry:
        """Return what these plugins and rlsys itself provide, without other installed plugins."""
        known: Registry | None = cls.__dict__.get("_registry")
        if known is None:
            try:
                known = isolated(*cls.plugins())
            except RlsysError as error:
                fail(str(error).partition(" (RLSYS_STRICT")[0], "see the message")
            setattr(cls, "_registry", known)  # noqa: B010 - not a setting of the class
        return known

    def described(self) -> Any:
        """Return the description under test."""
        raise NotImplementedError

    def test_importing_the_plugin_is_cheap(self) -> None:
        """Importing the entry module imports nothing heavy: every `rlsys --help` imports it."""
        cost = import_cost(str(self.plugin), limit=HANG)
        require(
            cost.error is None, f"{self.plugin} cannot be imported: {cost.error}", "see the message"
        )
        forbidden = set(HEAVY)
        if str(self.plugin).endswith(".py"):
            forbidden -= set(ALLOWED_IN_A_FILE)
        heavy = [f"{n} ({ms:.0f} ms)" for n, ms in cost.packages.items() if n in forbidden]
        require(
            not heavy,
            f"importing {self.plugin} took {1000 * cost.seconds:.0f} ms and also imported "
            f"{', '.join(heavy)}",
            "describe things by 'module:attribute' strings, and import these where they are used",
        )

    def test_everything_it_names_exists(self) -> None:
        """Every ``"module:attribute"`` of the description can be imported."""
        for reference in references(self.described()):
            try:
                resolve(reference)
            except RlsysError as error:
                fail(str(error), f"correct {reference!r} in the description")

    def options(self) -> Any:
        """Return options with which another process loads the same plugins."""
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
