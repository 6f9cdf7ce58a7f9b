"""The environment keeps the contract in flat views too."""

from __future__ import annotations

from rlsys.testing import EnvironmentConformance


class TestHierarchicalFactory(EnvironmentConformance):
    plugin = "rlsys_jobshop_plugin"
    environment = "jobshop"
    preset = "toy"
    overrides = {"view": "hierarchical", "reference_effort": 200}  # noqa: RUF012


class TestFullClassic(EnvironmentConformance):
    plugin = "rlsys_jobshop_plugin"
    environment = "jobshop"
    overrides = {  # noqa: RUF012
        "random": {"jobs": [2, 4], "machines": [2, 3]},
        "candidates": "all",
        "view": "full",
        "held_out": {},
    }
