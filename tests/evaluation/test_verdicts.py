"""The fields say what a verdict is about; names are for people and may be anything."""

from __future__ import annotations

import dataclasses
import json
from importlib import resources

import numpy as np
import pytest

from rlsys.api import Comparison
from rlsys.cli.result_table import show
from rlsys.descriptors import Case, ControllerSpec, EnvironmentSpec
from rlsys.evaluation.evaluate import Evaluation, Played
from rlsys.evaluation.report import (
    closed_share,
    closed_share_text,
    levels_of,
    markdown,
    result_document,
)
from rlsys.evaluation.verdicts import Verdict, verdicts_of

jsonschema = pytest.importorskip("jsonschema")

TRICKY = "ppo-better-than-ppo-reaches-optimum"
"""A controller whose name looks like a verdict."""

CHECK = Verdict(
    case="machine",
    kind="check",
    subject="sysctl-d",
    reference=None,
    name="sysctl-d-better-than-default",
    holds=True,
    figures={"performance": 1.25, "note": "eight pairs"},
)


def evaluation() -> Evaluation:
    """Return results of a tricky learned controller, two baselines and the optimum."""
    spec = EnvironmentSpec(
        name="machine",
        summary="",
        config="m:C",
        vector_env="m:E",
        agent="ppo",
        baselines=(
            ControllerSpec(name="default", summary="", factory="m:f"),
            ControllerSpec(name="optimum-reaches-default", summary="", factory="m:f"),
        ),
        reference="default",
    )
    rewards = {
        (TRICKY, "learned"): [3.0, 4.0, 5.0],
        ("default", "baseline"): [1.0, 2.0, 3.0],
        ("optimum-reaches-default", "baseline"): [3.0, 4.5, 4.5],
        ("optimum", "oracle"): [5.0, 6.0, 7.0],
    }
    result = Evaluation(spec, (Case(name="machine", config=None),), (0, 1, 2))
    for (name, kind), values in rewards.items():
        result.played.append(Played("machine", name, kind, {"reward": np.array([values])}))
    return result


@pytest.fixture
def document():
    return result_document(
        plugin="p", preset="q", run="r", status="complete", seeds=[0],
        evaluation=evaluation(), verdicts=[CHECK],
    )  # fmt: skip


def test_fields_say_who_is_compared_with_whom(document):
    said = {(v["kind"], v["subject"], v["reference"]): v["holds"] for v in document["verdicts"]}
    assert said == {
        ("better-than", TRICKY, "default"): True,
        ("better-than", TRICKY, "optimum-reaches-default"): False,
        ("reaches", TRICKY, "optimum"): False,
        ("check", "sysctl-d", None): True,
    }
    # (4 - 2) / (6 - 2), by hand.
    assert closed_share(document, "machine", TRICKY) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("learned", "text"),
    [
        # On the optimum less 1, 2 and 3 of gaps of 4: 1/2 +- t(2) sqrt(1/3) / 4.
        ([4.0, 4.0, 4.0], "50.0 % [-12.1 %, 112.1 %]"),
        ([3.0, 4.0, 5.0], "50.0 % [50.0 %, 50.0 %]"),
    ],
)
def test_the_closed_share_stands_everywhere_with_its_interval(learned, text, capsys):
    played = evaluation()
    played.played[0] = Played("machine", TRICKY, "learned", {"reward": np.array([learned])})
    document = result_document(
        plugin="p", preset="q", run=None, status="complete", seeds=[0], evaluation=played
    )
    (reached,) = verdicts_of(document, "machine", "reaches")
    assert {"share-of-gap-closed", "share-of-gap-closed-low", "share-of-gap-closed-high"} <= set(
        reached["figures"]
    )
    assert closed_share_text(document, "machine", TRICKY) == text
    written = markdown(
        document, command=["rlsys"], config="", versions={}, summaries={}, reference="default"
    )
    assert f"It closes {text} of the gap from default to the optimum." in written
    show(Comparison(document, "default"), False)
    assert f"closes {text} of the gap from default to the optimum" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seeds", "said"),
    [([0], "One training says nothing about other"), ([0, 1], "say little"), ([0, 1, 2], "")],
)
def test_the_report_says_what_its_intervals_are(document, seeds, said):
    document["seeds"] = seeds
    text = markdown(
        document, command=["rlsys"], config="", versions={}, summaries={}, reference="default"
    )
    assert "Student's t for the trainings, t corrected for skewness for the episodes" in text
    assert said in text
    assert ("trainings say" in text, "training says" in text) == (len(seeds) == 2, len(seeds) == 1)


def test_the_document_keeps_to_its_schema(document):
    schema = json.loads(resources.files("rlsys").joinpath("schemas/result.json").read_text())
    jsonschema.validate(document, schema)
    for change in ({"reference": "default"}, {"kind": "better-than"}, {"subject": None}):
        wrong = {**document, "verdicts": [{**CHECK.row(), **change}]}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_a_check_whose_name_looks_like_a_comparison_stands_in_the_report(document):
    text = markdown(
        document, command=["rlsys"], config="", versions={}, summaries={}, reference="default"
    )
    row = "| machine | sysctl-d-better-than-default | yes | performance 1.25, note eight pairs |"
    assert row in text
    assert f"{TRICKY} is better than: default." in text
    assert "Not shown to be better than: optimum-reaches-default." in text


def test_the_terminal_shows_it_too(document, capsys):
    show(Comparison(document, "default"), False)
    shown = capsys.readouterr().out
    assert "sysctl-d-better-than-default: holds (performance 1.25, note eight pairs)" in shown
    assert f"{TRICKY}: better than 1 of 2 baselines; not shown for optimum-reaches-default" in shown


@pytest.mark.parametrize(("threshold", "said"), [(4.0, "reaches"), (4.1, "does not reach")])
def test_a_reward_threshold_is_a_reference_without_a_controller(threshold, said, capsys):
    """The learned mean is (3 + 4 + 5) / 3 = 4."""
    measured = evaluation()
    measured.thresholds["machine"] = threshold
    document = result_document(
        plugin="p", preset="q", run="r", status="complete", seeds=[0], evaluation=measured
    )
    schema = json.loads(resources.files("rlsys").joinpath("schemas/result.json").read_text())
    jsonschema.validate(document, schema)
    (verdict,) = (v for v in document["verdicts"] if v["reference"] == "reward-threshold")
    assert (verdict["kind"], verdict["subject"]) == ("reaches", TRICKY)
    assert verdict["holds"] == (said == "reaches")
    assert (verdict["figures"]["threshold"], verdict["figures"]["mean"]) == (threshold, 4.0)
    assert levels_of(document) == {"machine": {"reward threshold": threshold}}
    text = markdown(
        document, command=["rlsys"], config="", versions={}, summaries={}, reference="default"
    )
    assert f"Its mean reward {said} the environment's reward threshold of {threshold:g}." in text
    assert closed_share(document, "machine", TRICKY) == pytest.approx(0.5)
    show(Comparison(document, "default"), False)
    shown = capsys.readouterr().out
    assert "closes 50.0 %" in shown
    assert f"{said} the environment's reward threshold of {threshold:g}" in shown


def test_nothing_depends_on_names(document):
    """Other names for people do not change anything that is derived."""
    renamed = {
        **document,
        "verdicts": [{**v, "name": f"verdict {i}"} for i, v in enumerate(document["verdicts"])],
    }
    assert closed_share(renamed, "machine", TRICKY) == closed_share(document, "machine", TRICKY)
    for kind in ("better-than", "reaches", "check"):
        found = [list(verdicts_of(d, "machine", kind)) for d in (document, renamed)]
        assert len(found[0]) == len(found[1]) > 0


def test_a_verdict_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        CHECK.holds = False
