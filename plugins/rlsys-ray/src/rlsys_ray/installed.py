"""Whether what is installed beside Ray is what RLlib demands, without importing any of it."""

from __future__ import annotations

import importlib.metadata as metadata
import importlib.util
import re

_PIN = re.compile(r"gymnasium\s*==\s*([\w.]+)")


def demanded_gymnasium() -> str | None:
    """Return the one version of Gymnasium that RLlib demands; None where it demands none."""
    for text in metadata.requires("ray") or ():
        found = _PIN.match(text)
        if found and "rllib" in text:
            return found[1]
    return None


def rllib_fits() -> bool:
    """Return whether RLlib can be imported and Gymnasium is the version that it demands."""
    try:
        wanted = demanded_gymnasium()
        there = metadata.version("gymnasium")
    except metadata.PackageNotFoundError:
        return False
    # dm-tree comes with ray[rllib] and not with ray alone.
    return importlib.util.find_spec("tree") is not None and wanted in (None, there)
