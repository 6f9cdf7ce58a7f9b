"""Environments on the way to another process of this machine, together with their plugin files."""

from __future__ import annotations

import importlib.util
import pickle
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from typing import Any

from rlsys.errors import RlsysError


@dataclass(frozen=True)
class Parcel:
    """Something that another process unpacks.

    Attributes:
        files: paths of modules that no import would find there, such as a ``--plugin-file``.
        content: the pickled object.
    """

    files: Mapping[str, str]
    content: bytes

    def unpack(self) -> Any:
        """Import the plugin files under the names that they have in the process that packed.

        Then return the object. Unpack only what a process of your own has packed.
        """
        for name, path in self.files.items():
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            sys.modules[name] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        return pickle.loads(self.content)


def pack(value: Any, modules: Iterable[str]) -> Parcel:
    """Return `value` for another process.

    Args:
        modules: names of the modules that it needs.

    Raises:
        Exception: whatever pickling raises; it runs code of the object.
    """
    files = {name: path for name in modules if (path := _file_of(name))}
    return Parcel(files, pickle.dumps(value))


def portable_error(error: Exception) -> Exception:
    """Return an error that survives the way to the other process, with its traceback as a note."""
    text = "".join(traceback.format_exception(error))
    if isinstance(error, RlsysError):
        return error
    try:
        again = pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - pickling runs code of the error's class
        again = RuntimeError(f"{type(error).__name__}: {error}")
    again.add_note(f"in a process with copies of the environment:\n{text}")
    return again  # type: ignore[no-any-return]


def _file_of(name: str) -> str | None:
    """Return the file of a module that no import would find."""
    module = sys.modules.get(name)
    known = "." in name or name == "__main__" or PathFinder.find_spec(name) is not None
    return None if known else getattr(module, "__file__", None)
