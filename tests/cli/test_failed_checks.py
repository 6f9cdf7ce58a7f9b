"""A check that fails ends with exit code 3, and leaves the report that names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import LAMPS, LAMPS_FILE, run_here

import rlsys
from rlsys.errors import CheckFailed

INSPECTING = Path(LAMPS_FILE).with_name("inspecting.py")
RLSYS = (*LAMPS, "--plugin-file", INSPECTING)
RUN = (*RLSYS, "run", "lamps", "--steps", "96", "--episodes", "20", "--quiet")


def exports(**settings):
    return ("--set", f"exports={json.dumps({'inspected': settings, 'json': {}})}")


def failed(document):
    return {v["name"] for v in document["verdicts"] if v["kind"] == "check" and not v["holds"]}


def kept(path):
    return json.loads((path / "result.json").read_text())


def status(path):
    return json.loads((path / "manifest.json").read_text())["status"]


TWO = {"failing": {"same-actions": 7, "exact-weights": 2}}


def test_a_run_is_complete_and_its_report_names_both_failed_checks(tmp_path):
    result = run_here(*RUN, *exports(**TWO), "--out", tmp_path)
    assert result.returncode == 3
    assert result.stderr.splitlines() == [
        "rlsys: error: hall: check 'inspected-same-actions' failed (wrong actions 7)",
        "rlsys: error: hall: check 'inspected-exact-weights' failed (wrong actions 2); "
        f"see {tmp_path / 'report.md'}",
    ]
    assert "inspected-exact-weights: DOES NOT HOLD (wrong actions 2)" in result.stdout
    document = kept(tmp_path)
    assert failed(document) == {"inspected-same-actions", "inspected-exact-weights"}
    assert (document["status"], status(tmp_path)) == ("complete", "complete")
    assert document["results"]
    report = (tmp_path / "report.md").read_text()
    assert "| hall | inspected-same-actions | no | wrong actions 7 |" in report
    assert "| hall | inspected-exact-weights | no | wrong actions 2 |" in report
    assert (tmp_path / document["artefacts"]["comparison"]).exists()
    assert not (tmp_path / "exports" / "inspected" / "hall").exists()
    assert (tmp_path / "exports" / "json" / "hall" / "policy_weights.json").exists()


def test_a_program_gets_the_document_with_exit_code_3(tmp_path):
    result = run_here(*RUN, *exports(**TWO), "--out", tmp_path, "--json")
    assert result.returncode == 3
    assert json.loads(result.stdout) == kept(tmp_path)


def test_an_exporter_that_ends_at_the_first_difference_is_reported_too(tmp_path):
    told = "vector 3 | differs:\n4, not 5"
    result = run_here(*RUN, *exports(raises=told), "--out", tmp_path)
    assert result.returncode == 3
    assert "check 'inspected-acts-the-same' failed (because vector 3 | differs:" in result.stderr
    assert failed(kept(tmp_path)) == {"inspected-acts-the-same"}
    row = r"| hall | inspected-acts-the-same | no | because vector 3 \| differs:<br>4, not 5 |"
    assert row in (tmp_path / "report.md").read_text()
    assert status(tmp_path) == "complete"


def test_what_an_exporter_refuses_after_the_training_is_in_the_report(tmp_path):
    result = run_here(*RUN, *exports(refuses="too large; train a smaller one"), "--out", tmp_path)
    assert result.returncode == 1
    assert result.stderr == "rlsys: error: too large; train a smaller one\n"
    note = "hall: export inspected: refused, too large; train a smaller one"
    document = kept(tmp_path)
    assert note in document["notes"]
    assert f"> {note}" in (tmp_path / "report.md").read_text()
    assert (document["status"], status(tmp_path)) == ("failed", "failed")
    assert document["results"]
    assert (tmp_path / "exports" / "json" / "hall" / "policy_weights.json").exists()
    again = run_here(*RUN, *exports(refuses="too large; train a smaller one"), "--out", tmp_path,
                     "--resume")  # fmt: skip
    assert again.returncode == 1


def test_evaluating_again_writes_the_report_too(tmp_path):
    run_here(*RUN, *exports(**TWO), "--out", tmp_path)
    (tmp_path / "report.md").unlink()
    result = run_here(*RLSYS, "evaluate", tmp_path, "--episodes", "5", "--quiet", "--json")
    assert result.returncode == 3
    assert "check 'inspected-same-actions' failed" in result.stderr
    assert json.loads(result.stdout) == kept(tmp_path)
    assert {row["n"] for row in kept(tmp_path)["results"]} == {5}
    assert "inspected-exact-weights | no" in (tmp_path / "report.md").read_text()
    assert status(tmp_path) == "complete"


def test_a_sweep_makes_all_its_points_and_names_those_with_failed_checks(tmp_path):
    sweep = ("--sweep", "exports.inspected.only=hall,attic")
    result = run_here(*RUN, "--set", f"exports.inspected={json.dumps(TWO)}", *sweep,
                      "--out", tmp_path)  # fmt: skip
    assert result.returncode == 3
    assert [line.split(": ")[2] for line in result.stderr.splitlines()] == ["only=hall"] * 2
    document = kept(tmp_path)
    assert len({row["case"] for row in document["results"]}) == 2
    again = run_here(*RUN, "--set", f"exports.inspected={json.dumps(TWO)}", *sweep,
                     "--out", tmp_path, "--resume")  # fmt: skip
    assert (again.returncode, again.stderr) == (3, result.stderr)


def test_an_export_writes_what_holds_and_prints_both(copied, tmp_path):
    base = (*RLSYS, "export", copied, "--to", "inspected", "--out", tmp_path / "out", "--quiet")
    given = ("--set", "only=attic", "--set", "failing={same-actions: 3}")
    result = run_here(*base, *given)
    assert result.returncode == 3
    assert "attic: inspected-same-actions: DOES NOT HOLD (wrong actions 3)" in result.stdout
    assert result.stderr == (
        "rlsys: error: attic: check 'inspected-same-actions' failed (wrong actions 3)\n"
    )
    assert (tmp_path / "out" / "inspected" / "hall" / "copy.txt").exists()
    assert not (tmp_path / "out" / "inspected" / "attic").exists()
    printed = run_here(*base, *given, "--json")
    assert printed.returncode == 3
    assert failed(json.loads(printed.stdout)) == {"inspected-same-actions"}


def test_python_raises_it_and_finds_the_run(tmp_path):
    plugins = {"plugin_file": [LAMPS_FILE, INSPECTING], "progress": False}
    with pytest.raises(CheckFailed, match=r"inspected-same-actions.*\n.*report\.md"):
        rlsys.run("lamps", steps=96, episodes=20, set={"exports": {"inspected": TWO}},
                  out=tmp_path / "run", **plugins)  # fmt: skip
    run = rlsys.load(tmp_path / "run", plugin_file=plugins["plugin_file"])
    assert run.status == "complete"
    assert {v.name for v in run.verdicts if not v.holds and v.kind == "check"} == {
        "inspected-same-actions", "inspected-exact-weights"
    }  # fmt: skip
    with pytest.raises(CheckFailed, match="inspected-exact-weights"):
        run.raise_failed_checks()
    with pytest.raises(CheckFailed, match="inspected-same-actions"):
        run.export("inspected", out=tmp_path / "out", set=TWO)
    with pytest.raises(CheckFailed, match="inspected-exact-weights"):
        rlsys.evaluate(run, episodes=5, progress=False)


def test_the_report_of_a_beaten_optimum_shows_by_whom(tmp_path):
    result = run_here(*RUN, "--set", "oracle=blind", "--out", tmp_path, "--json")
    assert result.returncode == 3
    assert "more than optimum in one episode; the oracle or the environment is" in result.stderr
    document = json.loads(result.stdout)
    assert document == kept(tmp_path)
    assert failed(document) == {"optimum-not-beaten"}
    assert "optimum-not-beaten | no | because" in (tmp_path / "report.md").read_text()
    assert status(tmp_path) == "complete"
    compared = run_here(*LAMPS, "compare", "lamps", "--set", "oracle=blind", "--json", "--quiet")
    assert compared.returncode == 3
    assert failed(json.loads(compared.stdout)) == {"optimum-not-beaten"}


def test_the_best_that_a_search_found_may_be_beaten(tmp_path):
    result = run_here(*RUN, "--set", "oracle=searching", "--out", tmp_path, "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert failed(document) == set()
    shown = run_here(*LAMPS, "evaluate", tmp_path, "--quiet")
    assert "to best-found" in shown.stdout
    assert "optimum" not in (tmp_path / "report.md").read_text()
