"""Results are objects with the fields of the rows, and show themselves in a notebook."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import sys
from importlib.resources import files

import pytest
from program import LAMPS_FILE

import rlsys
from rlsys.api import ResultRow, Verdict
from rlsys.errors import UserError

SCHEMA = json.loads((files("rlsys") / "schemas" / "result.json").read_text("utf-8"))


@pytest.mark.parametrize(("kind", "name"), [(ResultRow, "result"), (Verdict, "verdict")])
def test_the_attributes_are_the_fields_of_the_rows(kind, name):
    described = SCHEMA["$defs"][name]
    fields = {one.name: one for one in dataclasses.fields(kind)}
    assert fields.keys() == described["properties"].keys()
    needed = {n for n, one in fields.items() if one.default is dataclasses.MISSING}
    assert needed == set(described["required"])


def test_every_row_is_there(run):
    document = json.loads((run.path / "result.json").read_text())
    assert len(run.results) == len(document["results"]) > 20
    for row, one in zip(document["results"], run.results, strict=True):
        assert row == {k: v for k, v in dataclasses.asdict(one).items() if v is not None}
    for row, one in zip(document["verdicts"], run.verdicts, strict=True):
        assert {**row, "point": None} == dataclasses.asdict(one)
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.results[0].mean = 1.0


def test_a_run_that_nothing_evaluated_has_no_results(small):
    assert (small.results, small.verdicts, small.figures, small.notes) == ([], [], {}, [])
    assert "not evaluated" in repr(small)
    assert "hill" not in small._repr_html_()


def test_figures_are_files_that_a_notebook_shows(run):
    assert {"comparison", "training_reward"} <= set(run.figures)
    for figure in run.figures.values():
        assert figure._repr_png_().startswith(b"\x89PNG")
        assert open(figure, "rb").read() == figure._repr_png_()  # noqa: SIM115


def test_a_notebook_shows_the_table_and_the_comparison(run):
    html = run._repr_html_()
    for case in ("hall", "attic"):
        assert f"<caption>{case}</caption>" in html
    for row in run.results:
        if row.metric == "reward":
            assert f"<td>{row.mean:z.2f}</td><td>{row.low:z.2f} .. {row.high:z.2f}</td>" in html
    assert "hill-climbing: better than" in html
    assert "of the gap from always-on to the optimum" in html
    (data,) = re.findall(r"data:image/png;base64,([^']+)'", html)
    assert base64.b64decode(data) == (run.path / "figures/comparison.png").read_bytes()


def test_what_is_shown_is_escaped():
    """A case's name comes from a user."""
    pytest.importorskip("matplotlib", reason="pip install 'rlsys[figures]'")
    comparison = rlsys.compare("lamps", episodes=2, no_oracle=True, plugin_file=LAMPS_FILE)
    assert "src='data:image/png;base64," in comparison._repr_html_()
    wrong = {**comparison.document, "notes": ["<script>alert(1)</script>"]}
    html = rlsys.api.Comparison(wrong, None)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_run_without_its_plugin_can_still_be_shown(run):
    alone = rlsys.load(run.path)
    assert alone.reference is None
    assert "of the gap from the reference to the optimum" in alone._repr_html_()
    assert repr(alone).startswith("<Run lamps, preset two-rooms: complete, ")


def test_results_as_a_data_frame(run):
    pandas = pytest.importorskip("pandas")
    frame = run.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert len(frame) == len(run.results)
    rewards = frame[(frame["metric"] == "reward") & (frame["case"] == "hall")]
    best = rewards.sort_values("mean")["controller"].iloc[-1]
    assert best == "optimum"


def test_without_pandas_one_line_says_what_to_do(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UserError, match=r"^to_pandas\(\) needs pandas: pip install pandas$"):
        run.to_pandas()


def test_minus_zero_is_never_shown(capsys):
    from rlsys.cli.result_table import show
    from rlsys.evaluation.report import markdown

    row = {
        "case": "c", "controller": "x", "kind": "baseline", "metric": "reward", "unit": "",
        "better": "higher", "n": 2, "mean": -0.0001, "iqm": -0.0, "low": -0.0004, "high": -0.0,
    }  # fmt: skip
    document = {
        "schema": "rlsys.result/1", "plugin": "p", "preset": "q", "run": None, "seeds": [],
        "status": "complete", "results": [row, {**row, "metric": "hits"}], "verdicts": [],
        "artefacts": {}, "notes": [],
    }  # fmt: skip
    shown = rlsys.api.Comparison(document, None)
    show(shown, False)
    printed = capsys.readouterr().out + shown._repr_html_()
    printed += markdown(document, command=[], config="", versions={}, summaries={}, reference=None)
    assert "0.00 .. 0.00" in printed
    assert "0.000 [0.000, 0.000]" in printed
    assert "-0.0" not in re.sub("base64,[^']*", "", printed)
