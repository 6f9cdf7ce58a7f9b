"""The values of a sweep, and the merging of its points' result documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlsys.errors import ConfigError
from rlsys.workflow.sweep import curves, merged, parse_sweep


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n_users=2..7", (2, 3, 4, 5, 6, 7)),
        ("n_users=-1..1", (-1, 0, 1)),
        ("n_users=4..4", (4,)),
        ("agents.ppo.gamma=0.9,0.99,1", (0.9, 0.99, 1)),
        ("view=local,global", ("local", "global")),
        ("mask=true,false", (True, False)),
    ],
)
def test_ranges_and_lists(text, values):
    sweep = parse_sweep(text)
    assert sweep.values == values
    assert [type(v) for v in sweep.values] == [type(v) for v in values]
    assert sweep.key == text.partition("=")[0]


def test_a_point_is_named_by_the_last_part_of_its_key():
    sweep = parse_sweep("agents.ppo.gamma=0.9,1.0")
    assert sweep.label(0.9) == "gamma=0.9"
    assert sweep.assignment(0.9) == "agents.ppo.gamma=0.9"
    assert parse_sweep("mask=true").assignment(True) == "mask=true"
    assert sweep.directory(Path("runs/x"), 1.0) == Path("runs/x/points/gamma=1.0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n", "must be key=value"),
        ("n=", r"must have the form KEY=LOW\.\.HIGH"),
        ("=1", "must be key=value"),
        ("n=7..2", r"the range is reversed; write 2\.\.7"),
        ("n=1,2,1", "1 is given twice"),
        ("n=1..2000", "more than 1000 values"),
        ("n=1,[2]", "must have the form"),
        ("n=../../etc,1", "cannot be used as a folder name"),
    ],
)
def test_what_is_no_sweep_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_sweep(text)


def row(case, controller, mean, metric="reward", **more):
    return {"case": case, "controller": controller, "metric": metric, "mean": mean, **more}


def at(n, case="only"):
    return {"key": "env.n", "value": n, "case": case}


def document(rows, verdicts=()):
    return {
        "plugin": "p", "preset": "q", "seeds": [0], "results": rows,
        "verdicts": list(verdicts), "notes": ["slow"],
    }  # fmt: skip


def test_points_become_cases():
    sweep = parse_sweep("env.n=2,3")
    documents = {
        n: document(
            [row("only", "ppo", n), row("only", "edf", 10 * n), row("only", "ppo", 5, "misses")],
            [{"case": "only", "name": "better", "holds": True, "figures": {}}],
        )
        for n in (2, 3)
    }
    found = merged(sweep, documents, Path("runs/s"))
    assert [r["case"] for r in found["results"]] == ["n=2"] * 3 + ["n=3"] * 3
    assert [v["case"] for v in found["verdicts"]] == ["n=2", "n=3"]
    assert found["notes"] == ["n=2: slow", "n=3: slow"]
    assert found["artefacts"] == {f"n={n}": f"points/n={n}/report.md" for n in (2, 3)}
    assert curves(sweep, found) == {
        "": {
            "ppo": [row(f"n={n}", "ppo", n, point=at(n)) for n in (2, 3)],
            "edf": [row(f"n={n}", "edf", 10 * n, point=at(n)) for n in (2, 3)],
        }
    }


def test_several_cases_are_told_apart():
    sweep = parse_sweep("n=2")
    found = merged(sweep, {2: document([row("a", "x", 1), row("b", "x", 2)])}, Path("s"))
    assert [r["case"] for r in found["results"]] == ["n=2/a", "n=2/b"]
    assert curves(sweep, found).keys() == {"a", "b"}
