"""Gymnasium's own environments, in whatever version the installed Gymnasium still makes."""

from __future__ import annotations


def newest(name: str) -> str:
    """Return the id of the newest version, such as ``Taxi-v3``; older ones are refused."""
    import gymnasium

    versions = [
        spec.version
        for spec in gymnasium.registry.values()
        if spec.name == name and spec.namespace is None and spec.version is not None
    ]
    return f"{name}-v{max(versions)}"
