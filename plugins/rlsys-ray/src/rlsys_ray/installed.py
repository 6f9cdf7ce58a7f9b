"""Check that the installed packages fit RLlib, without importing any of them."""

from __future__ import annotations

import importlib.metadata as metadata
import importlib.util
import re

_PIN = re.compile(r"gymnasium\s*==\s*([\w.]+)")


def demanded_gymnasium() -> str | None:
    """Return the exact version of Gymnasium that RLlib requires, or None."""
    for text in metadata.requires("ray") or ():
        found = _PIN.match(text)
        if found and "rllib" in text:
            return found[1]
    return None


def rllib_fits() -> bool:
    """Return whether RLlib can be imported and Gymnasium has the version that it requires."""
    try:
        wanted = demanded_gymnasium()
        there = metadata.version("gymnasium")
    except metadata.PackageNotFoundError:
        return False
    # dm-tree comes with ray[rllib] but not with plain ray.
    return importlib.util.find_spec("tree") is not None and wanted in (None, there)
