"""Do something once another package is imported, without importing it.

Gymnasium 1 has no entry point for environments: a package has to register them itself when it is
imported.  Every ``rlsys`` command imports the plugins, and importing Gymnasium would make it slow.
So a plugin registers at once if Gymnasium is already imported, and otherwise as soon as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from rlsys.descriptors import resolve


def when_imported(name: str, action: str) -> None:
    """Call `action` (``"module:attribute"``) when the module `name` has been imported, or now."""
    if name in sys.modules:
        resolve(action)()
    else:
        sys.meta_path.insert(0, _Waiting(name, action))


class _Waiting:
    """A finder that finds one module as Python does, and runs the action after its import."""

    def __init__(self, name: str, action: str) -> None:
        self._name = name
        self._action = action

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_then_act(module: ModuleType) -> None:
                execute(module)
                resolve(self._action)()

            spec.loader.exec_module = execute_then_act  # type: ignore[method-assign]
        return spec
