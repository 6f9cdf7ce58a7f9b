"""`rlsys run --sweep`: one run directory per point, one document and one figure for all."""

from __future__ import annotations

import importlib.resources
import json

import jsonschema
import pytest
from program import LAMPS, refused, run_here

RUN = (*LAMPS, "run", "lamps", "--steps", "96", "--episodes", "10", "--quiet")


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    pytest.importorskip("matplotlib", reason="pip install 'rlsys[figures]'")
    home = tmp_path_factory.mktemp("series") / "s"
    points = ("--sweep", "agents.hill-climbing.width=0.1,0.5,2")
    result = run_here(*RUN, *points, "--out", home, "--json")
    assert result.returncode == 0, result.stderr
    return home, json.loads(result.stdout)


def test_one_document_for_all_points(series):
    home, document = series
    schema = importlib.resources.files("rlsys").joinpath("schemas/result.json").read_text()
    jsonschema.validate(document, json.loads(schema))
    assert json.loads((home / "result.json").read_text()) == document
    cases = list(dict.fromkeys(row["case"] for row in document["results"]))
    assert cases == ["width=0.1", "width=0.5", "width=2"]
    for case in cases:
        own = json.loads((home / "points" / case / "result.json").read_text())
        value = float(case.removeprefix("width="))
        point = {"key": "agents.hill-climbing.width", "value": value}
        assert [row for row in document["results"] if row["case"] == case] == [
            {**row, "case": case, "point": {**point, "case": row["case"]}} for row in own["results"]
        ]
    config = (home / "points" / "width=0.5" / "config.yaml").read_text()
    assert "width: 0.5" in config
    assert (home / document["artefacts"]["sweep"]).stat().st_size > 10_000
    assert (home / document["artefacts"]["width=2"]).exists()


def test_resuming_does_the_missing_points_alone(series):
    home, document = series
    before = {p: (p / "manifest.json").stat().st_mtime_ns for p in (home / "points").iterdir()}
    (gone,) = [p for p in before if p.name == "width=0.5"]
    manifest = json.loads((gone / "manifest.json").read_text())
    (gone / "manifest.json").write_text(json.dumps({**manifest, "status": "interrupted"}))
    points = ("--sweep", "agents.hill-climbing.width=0.1,0.5,2")
    result = run_here(*RUN, *points, "--out", home, "--resume", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == document
    after = {p: (p / "manifest.json").stat().st_mtime_ns for p in (home / "points").iterdir()}
    assert {p.name for p in before if before[p] != after[p]} == {"width=0.5"}


def test_what_is_there_is_not_overwritten(series):
    home, _ = series
    message = refused(*RUN, "--sweep", "noise=0,1", "--out", home)
    assert "already exists; choose another --out, or continue with --resume" in message


def test_a_bad_point_is_refused_in_one_line(tmp_path):
    message = refused(*RUN, "--sweep", "noise=2,3", "--out", tmp_path / "s")
    assert "--set noise=2: noise: " in message
