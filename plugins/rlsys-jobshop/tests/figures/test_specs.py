"""The figures of a run play an episode of each controller and draw it."""

from __future__ import annotations

import pytest

from rlsys.errors import UserError
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.rules import rule
from rlsys_jobshop.figures import specs
from rlsys_jobshop.instances import classic
from rlsys_jobshop.rules import RULES, dispatch

CONFIG = JobshopConfig(instances=("ft06",))


def test_the_drawn_schedule_is_the_one_that_the_rule_makes():
    (expected,) = dispatch(classic("ft06"), RULES["mwkr"])
    played = specs.play(CONFIG, rule(CONFIG, "mwkr"))
    assert played.start.tolist() == expected.start.tolist()
    assert played.instance.name == "ft06"


def test_both_figures_are_pictures(tmp_path):
    controllers = {name: rule(CONFIG, name) for name in ("spt", "mwkr")}
    specs.gantt("ft06", CONFIG, controllers, tmp_path / "g.png")
    specs.utilisation("ft06", CONFIG, controllers, tmp_path / "u.png")
    for name in ("g.png", "u.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_without_a_controller_there_is_nothing_to_draw(tmp_path):
    for figure in (specs.gantt, specs.utilisation):
        with pytest.raises(UserError, match="no controller to draw"):
            figure("ft06", CONFIG, {}, tmp_path / "x.png")


def test_the_plugin_names_both_figures():
    from rlsys.descriptors import resolve
    from rlsys_jobshop_plugin import rlsys_environments

    (environment,) = rlsys_environments()
    assert {resolve(spec.factory) for spec in environment.figures} == {
        specs.gantt,
        specs.utilisation,
    }
