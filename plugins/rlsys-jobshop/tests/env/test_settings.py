"""Wrong settings are one line, and wrong instances are found before a training begins."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys.config import validate
from rlsys.errors import UserError
from rlsys_jobshop.env.config import JobshopConfig, cases
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.instances import classic_names

FT06 = {"instances": "ft06"}


def make(settings):
    return JobshopVectorEnv(validate(JobshopConfig, settings), 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "give either `random` or `instances`; set the other one to null"),
        ({"instances": []}, "give either `random` or `instances`"),
        ({**FT06, "random": {}}, "give either `random` or `instances`"),
        ({"instances": 5}, "instances: .*got 5"),
        ({"instances": ["la41"]}, "'la41'; did you mean 'ta41'.*; and there is no file 'la41'"),
        ({"instances": ["ft06", ""]}, "instances: there is no published instance ''"),
        ({"instances": ["x" * 500]}, "instances: there is no published instance 'xxx"),
        ({"instances": ["nowhere/shop.yaml"]}, "there is no file 'nowhere/shop.yaml'"),
        ({"instances": ["."]}, "there is no file '.'"),
        ({**FT06, "held_out": {"a": ["ft06"], "b": ["tb01"]}}, "held_out.b: .*did you mean 'ta01'"),
        ({**FT06, "held_out": {"a": []}}, "held_out.a: .*at least 1"),
        ({**FT06, "candidates": "activ"}, "candidates: .*'active'.*got 'activ'"),
        ({**FT06, "objective": "cost"}, "objective: .*'makespan'.*got 'cost'"),
        ({**FT06, "width": 0}, "width: .*greater than or equal to 1.*got 0"),
        ({**FT06, "width": 2.5}, "width: .*got 2.5"),
        ({**FT06, "reference_effort": 0}, "reference_effort: .*got 0"),
        ({**FT06, "candidate": "all"}, "candidate: unknown key .*did you mean 'candidates'"),
        ({"random": {"kind": "classical"}}, "random.kind: .*'classic'.*got 'classical'"),
        ({"random": {"jobs": [5, 2]}}, r"random.jobs: the least must not be above .*\[5, 2\]"),
        ({"random": {"jobs": [0, 2]}}, r"random.jobs\[0\]: .*got 0"),
        ({"random": {"jobs": [2, 2.5]}}, r"random.jobs\[1\]: .*got 2.5"),
        ({"random": {"jobs": [True, 2]}}, r"random.jobs\[0\]: .*got True"),
        ({"random": {"machines": [3]}}, r"random.machines\[1\]: missing"),
        ({"random": {"durations": [-1, 5]}}, r"random.durations\[0\]: .*got -1"),
        ({"random": {"spread": float("nan")}}, "random.spread: .*got nan"),
        ({"random": {"spread": 1.5}}, "random.spread: .*got 1.5"),
        ({"random": {"size": "big"}}, "random.size: .*'toy'.*got 'big'"),
    ],
)
def test_wrong_settings_are_one_line(settings, message):
    with pytest.raises(UserError, match=message) as error:
        make(settings)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("field", ["instances", "held_out"])
def test_a_wrong_file_is_named_with_its_line_before_anything_is_played(field, tmp_path):
    path = tmp_path / "shop.txt"
    path.write_text("2 2\n0 3 1 2\n1 4 0 nan\n")
    given = {"instances": [str(path)]}
    if field == "held_out":
        given = {**FT06, "held_out": {"x": [str(path)]}}
    with pytest.raises(UserError, match=r"shop\.txt.*line 3") as error:
        make(given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "shop",
    [
        {"jobs": [1, 1], "machines": [1, 1]},
        {"jobs": [1, 2], "machines": [1, 3], "durations": [0, 0]},
        {"kind": "edata", "jobs": [1, 2], "machines": [1, 2]},
        {"kind": "rdata", "jobs": [1, 2], "machines": [1, 2]},
        {"kind": "vdata", "jobs": [1, 2], "machines": [1, 2]},
        {"kind": "brandimarte", "machines": [1, 3], "alternatives": [2, 5], "operations": [1, 2]},
        {"kind": "brandimarte", "machines": [1, 2], "durations": [0, 1], "spread": 1.0},
    ],
    ids=str,
)
def test_no_allowed_range_ends_a_training_in_the_middle(shop):
    env = make({"random": shop})
    env.reset(seed=0)
    ended = 0
    while ended < 60:
        _, rewards, over, *_ = env.step(np.zeros(2, int))
        assert np.isfinite(rewards).all()
        ended += over.sum()


def test_alternatives_are_as_many_as_asked_for_where_there_are_enough_machines():
    env = make({"random": {"kind": "brandimarte", "machines": [1, 4], "alternatives": [3, 5]}})
    seen = set()
    for seed in range(20):
        env.reset(seed=seed)
        instance = env.instance(0)
        counts = set(np.diff(instance.mode_first).tolist())
        assert counts <= set(range(min(3, instance.machines), min(5, instance.machines) + 1))
        seen |= counts
    assert seen == {1, 2, 3, 4}


def test_held_out_cases_are_evaluated_with_the_policy_of_the_trained_one():
    config = JobshopConfig(
        random={"kind": "factory", "size": "medium"},
        held_out={"small": ("ft06", "ft10"), "la": ("la",)},
        objective="weighted-tardiness",
        candidates="all",
    )
    trained, *others = cases(config)
    assert (trained.name, trained.policy, trained.config) == ("medium", None, config)
    assert [(case.name, case.policy) for case in others] == [("small", "medium"), ("la", "medium")]
    for case, names in zip(others, (("ft06", "ft10"), classic_names("la")), strict=True):
        assert (case.config.candidates, case.config.objective) == ("all", "weighted-tardiness")
        assert validate(JobshopConfig, case.config.model_dump(mode="json")) == case.config
        env = JobshopVectorEnv(case.config, len(names))
        env.reset(seed=0)
        assert tuple(env.instance(copy).name for copy in range(len(names))) == names


@pytest.mark.parametrize("kind", ["classic", "brandimarte", "vdata"])
def test_the_case_is_called_after_the_kind_of_shop(kind):
    assert [case.name for case in cases(JobshopConfig(random={"kind": kind}))] == [kind]
    assert [case.name for case in cases(JobshopConfig(instances="ft06"))] == ["instances"]
