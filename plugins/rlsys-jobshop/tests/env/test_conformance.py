"""The environment keeps the contract, with every kind of shop and of candidates."""

from __future__ import annotations

from rlsys.testing import EnvironmentConformance


class TestClassic(EnvironmentConformance):
    plugin = "rlsys_jobshop_plugin"
    environment = "jobshop"
    overrides = {  # noqa: RUF012
        "random": {"jobs": [2, 4], "machines": [2, 3]},
        "held_out": {"ft": ["ft06"]},
    }


class TestFactory(EnvironmentConformance):
    plugin = "rlsys_jobshop_plugin"
    environment = "jobshop"
    preset = "toy"
    overrides = {"reference_effort": 200}  # noqa: RUF012


class TestFlexible(EnvironmentConformance):
    plugin = "rlsys_jobshop_plugin"
    environment = "jobshop"
    preset = "flexible"
    overrides = {  # noqa: RUF012
        "random": {"jobs": [3, 4], "machines": [2, 3], "operations": [2, 3]},
        "candidates": "all",
        "width": 3,
        "reference_effort": 200,
        "held_out": {},
    }


class TestPublished(EnvironmentConformance):
    plugin = "rlsys_jobshop_plugin"
    environment = "jobshop"
    overrides = {  # noqa: RUF012
        "random": None,
        "instances": ["ft06"],
        "candidates": "non-delay",
        "held_out": {},
    }
    seeds_matter = False


class TestPublishedInTurn(TestPublished):
    overrides = {**TestPublished.overrides, "instances": ["ft06", "la01"]}  # noqa: RUF012
    seeds_matter = True


class TestDynamic(EnvironmentConformance):
    plugin = "rlsys_jobshop_plugin"
    environment = "jobshop"
    preset = "dynamic"
    overrides = {  # noqa: RUF012
        "random": {"jobs": [3, 4], "machines": [2, 3]},
        "reference_effort": 50,
    }
