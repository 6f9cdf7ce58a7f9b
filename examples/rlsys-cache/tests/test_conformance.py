"""The plugin keeps the contract of rlsys; the suite defines it."""

from __future__ import annotations

from rlsys.testing import EnvironmentConformance


class TestSynthetic(EnvironmentConformance):
    plugin = "rlsys_cache.plugin"
    environment = "cache"
    overrides = {"sizes": [8], "requests": 120}  # noqa: RUF012 - as the suite asks for it


class TestTrace(EnvironmentConformance):
    plugin = "rlsys_cache.plugin"
    environment = "cache"
    preset = "trace"
    overrides = {"sizes": [8], "requests": 120}  # noqa: RUF012
