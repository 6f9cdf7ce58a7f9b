"""`rlsys export`: which policy, where to, and what it refuses."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from program import LAMPS, run_here

from rlsys.network import Network


def export(*arguments):
    result = run_here(*LAMPS, "export", *arguments)
    assert "Traceback" not in result.stderr
    return result


def weights(folder):
    document = json.loads((folder / "policy_weights.json").read_text())
    return np.array(document["layers"][0]["weights"], dtype=np.float32)


def kept(path, case, seed):
    network = Network.load(path / "policies" / case / f"seed-{seed}" / "network.npz")
    return network.layers()["layers"][0].weight


def test_every_case_of_the_first_seed_by_default(copied):
    result = export(copied, "--to", "json")
    assert result.returncode == 0, result.stderr
    for case in ("hall", "attic"):
        folder = copied / "exports" / "json" / case
        np.testing.assert_array_equal(weights(folder), kept(copied, case, 0))
        assert str(folder / "policy_weights.json") in result.stdout


def test_one_case_and_one_seed(copied, tmp_path):
    arguments = ("--to", "json", "--case", "attic", "--seed", "1", "--out", tmp_path / "out")
    assert export(copied, *arguments).returncode == 0
    folder = tmp_path / "out" / "json"
    assert [f.name for f in folder.iterdir()] == ["attic"]
    np.testing.assert_array_equal(weights(folder / "attic"), kept(copied, "attic", 1))
    assert not np.array_equal(kept(copied, "attic", 1), kept(copied, "attic", 0))


def test_its_checks_are_verdicts(copied, tmp_path):
    result = export(copied, "--to", "json", "--out", tmp_path / "out", "--json")
    verdicts = json.loads(result.stdout)["verdicts"]
    assert {v["case"] for v in verdicts} == {"hall", "attic"}
    assert {v["name"] for v in verdicts} == {"json-exact-weights", "json-same-actions"}
    assert {(v["kind"], v["subject"], v["reference"]) for v in verdicts} == {
        ("check", "json", None)
    }
    assert all(v["holds"] for v in verdicts)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "jsn"), "unknown exporter 'jsn' (did you mean 'json'?"),
        (("--to", "json", "--case", "hal"), "unknown case 'hal' (did you mean 'hall'?"),
        (("--to", "json", "--seed", "2"), "seed 2 was not trained; choose one of [0, 1]"),
    ],
)
def test_what_is_unknown_is_refused_in_one_line(whole, tmp_path, arguments, message):
    result = export(whole.path, *arguments, "--out", tmp_path / "out", "--quiet")
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_left_alone(whole, tmp_path):
    mine = tmp_path / "out" / "json" / "hall" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    result = export(whole.path, "--to", "json", "--out", tmp_path / "out", "--quiet")
    assert result.returncode == 1
    assert "contains files that no export wrote (thesis.txt)" in result.stderr
    assert mine.read_text() == "years of work"
    assert len(list(mine.parent.iterdir())) == 1


def test_an_export_replaces_an_earlier_one(copied):
    assert export(copied, "--to", "json").returncode == 0
    assert export(copied, "--to", "json", "--seed", "1").returncode == 0
    np.testing.assert_array_equal(
        weights(copied / "exports" / "json" / "hall"), kept(copied, "hall", 1)
    )


def test_a_format_is_asked_for():
    result = export(".")
    assert result.returncode == 2
    assert "Missing option '--to'" in result.stderr


EXPORTER = """
import json
from pathlib import Path
from pydantic import BaseModel, ConfigDict
from rlsys import hookimpl
from rlsys.descriptors import ExporterSpec, Requirement
from rlsys.errors import UserError
from rlsys.exporters.context import ExportReport


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    digits: int = 3
    build: bool = False
    fast: bool = False


def ready(settings):
    if settings.build:
        raise UserError("no compiler here; apt-get install it")


def export(network, directory, context, settings):
    (directory / "seen.json").write_text(json.dumps({
        "digits": settings.digits, "build": settings.build, "optional": context.optional,
        "episodes": list(context.episodes), "bounds": context.low is not None,
        "copies": context.make_env(3).num_envs, "application": context.application,
    }))
    notes = ["no printer here"] if context.optional else []
    return ExportReport((), [{"name": "printed", "holds": True, "figures": {"pages": 2}}], notes)


@hookimpl
def rlsys_exporters():
    return [
        ExporterSpec(
            name="print", summary="x", factory="printing:export", config="printing:Settings",
            ready="printing:ready",
            wants=(Requirement(name="a printer", fix="buy one", kind="check",
                               check="printing:never"),),
        )
    ]


def never():
    return False
"""


@pytest.fixture
def printing(tmp_path, monkeypatch):
    """Return the arguments that load a plugin whose exporter has settings."""
    monkeypatch.delenv("CI", raising=False)
    sys.modules.pop("printing", None)  # that of another test, from another file
    file = tmp_path / "plugin" / "printing.py"
    file.parent.mkdir()
    file.write_text(EXPORTER)
    return ("--plugin-file", file, *LAMPS)


def seen(folder):
    return json.loads((folder / "print" / "hall" / "seen.json").read_text())


def test_settings_and_flags_reach_the_exporter(whole, tmp_path, printing):
    out = tmp_path / "out"
    base = (*printing, "export", whole.path, "--case", "hall", "--out", out, "--to", "print")
    for more, digits, build in [
        ((), 3, False),
        (("--set", "digits=5"), 5, False),
        (("--set", "print.digits=6", "--build"), 6, True),
        (("--to", "json", "--set", "print.digits=7", "--build"), 7, True),
    ]:
        result = run_here(*base, *more)
        assert result.returncode == 0, result.stderr
        found = seen(out)
        assert (found["digits"], found["build"], found["optional"]) == (digits, build, False)
        assert "hall: print-printed: holds (pages 2)" in result.stdout
    # Forty held-out episodes, as the run was evaluated with; never those of the training.
    assert len(found["episodes"]) == 40
    assert min(found["episodes"]) >= 2**31
    assert (found["copies"], found["application"]) == (3, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "json", "--build"), "--build: not supported by json"),
        (("--to", "print", "--run"), "--run: not supported by print"),
        (("--to", "print", "--set", "digit=1"), "--set digit=1: digit: unknown key"),
        (("--to", "json", "--set", "x=1"), "--set x=1: exporter 'json' has no setting 'x'"),
        (
            ("--to", "json", "--to", "print", "--set", "digits=1"),
            "--set digits=1: must begin with one of json, print",
        ),
    ],
)
def test_what_an_exporter_does_not_have_is_refused(whole, tmp_path, printing, arguments, message):
    out = tmp_path / "out"
    result = run_here(*printing, "export", whole.path, *arguments, "--out", out, "--quiet")
    assert result.returncode == 1
    assert message in result.stderr
    assert not out.exists()


def test_what_is_optional_is_noted_and_what_is_missing_is_skipped(tmp_path, printing):
    settings = ("--set", "exports={print: {optional: true, build: true}, gone: {optional: true}}")
    run = (*printing, "run", "lamps", "--steps", "96", "--out", tmp_path / "run", *settings)
    result = run_here(*run, "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["notes"] == [
        "hall: export print: no printer here",
        "export gone: skipped, no installed plugin provides it (pip install 'rlsys[gone]')",
    ]
    assert [v for v in document["verdicts"] if v["name"] == "print-printed"]
    assert "no printer here" in (tmp_path / "run" / "report.md").read_text()


def test_what_cannot_be_exported_here_is_refused_before_the_training(tmp_path, printing):
    settings = ("--set", "exports={print: {build: true}}")
    run = (*printing, "run", "lamps", "--steps", "96", "--out", tmp_path / "run", *settings)
    result = run_here(*run, "--quiet")
    assert result.returncode == 1
    assert "no compiler here; apt-get install it" in result.stderr
    assert not (tmp_path / "run").exists()


def test_the_doctor_is_content_without_what_is_only_wanted(printing):
    result = run_here(*printing, "doctor", "--json")
    document = json.loads(result.stdout)
    (lines,) = [(c["found"], c["fix"]) for c in document["checks"] if c["ok"] and c["fix"]]
    assert lines == ("can do more with a printer", "buy one")
    assert document["ok"]


def test_evaluating_again_keeps_the_export_and_its_verdicts(copied):
    """The policies are the same; an export may take minutes on a device."""

    def state():
        return {f: f.stat().st_ino for f in (copied / "exports").rglob("*") if f.is_file()}

    def evaluate():
        result = run_here(*LAMPS, "evaluate", copied, "--episodes", "5", "--json")
        document = json.loads(result.stdout)
        checks = [v for v in document["verdicts"] if v["subject"] == "json"]
        return checks, {k for k in document["artefacts"] if k.startswith("exports/")}

    before = state()
    checks, artefacts = evaluate()
    assert state() == before
    assert len(checks) == 4
    assert artefacts == {str(f.relative_to(copied)) for f in before}
    victim = copied / "exports" / "json" / "hall" / "policy_weights.json"
    victim.unlink()
    assert evaluate() == (checks, artefacts)
    assert victim.exists()
