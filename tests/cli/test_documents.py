"""`--json` prints one document that matches its schema; progress goes to stderr, if wanted."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest
from program import LAMPS, run_here


def validator(name: str):
    schema = json.loads((files("rlsys") / "schemas" / f"{name}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


COMMANDS = {
    "evaluate": ["evaluate", "RUN", "--episodes", "10"],
    "compare": ["compare", "lamps", "RUN", "--preset", "two-rooms", "--episodes", "10"],
    "compare without runs": ["compare", "lamps", "--episodes", "10"],
    "export": ["export", "RUN", "--to", "json", "--out", "OUT"],
    "train": ["train", "lamps", "--steps", "96", "--out", "OUT"],
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_one_document_and_nothing_else_on_stdout(copied, tmp_path, arguments):
    places = {"RUN": copied, "OUT": tmp_path / "out"}
    result = run_here(*LAMPS, *(places.get(a, a) for a in arguments), "--json", "--quiet")
    assert result.returncode == 0, result.stderr
    validator("result").validate(json.loads(result.stdout))
    assert result.stderr == ""


def test_the_document_of_a_run_is_the_one_it_keeps(whole):
    validator("result").validate(whole.document)
    assert whole.document == json.loads((whole.path / "result.json").read_text())
    assert whole.document["status"] == "complete"
    assert whole.document["seeds"] == [0, 1]
    assert {row["kind"] for row in whole.document["results"]} == {"learned", "baseline", "oracle"}
    for file in whole.document["artefacts"].values():
        assert (whole.path / file).is_file()
    assert "rlsys: run directory:" in whole.printed.stderr
    assert "hall seed 1 hill-climbing: 1,920 steps" in whole.printed.stderr


@pytest.mark.parametrize("command", ["plugins", "doctor"])
@pytest.mark.parametrize("broken", [False, True])
def test_plugins_and_doctor(tmp_path, command, broken):
    (tmp_path / "bad.py").write_text("raise RuntimeError('x')")
    file = ("--plugin-file", tmp_path / "bad.py") if broken else LAMPS
    result = run_here(*file, command, "--json")
    document = json.loads(result.stdout)
    validator(command).validate(document)
    if command == "doctor":
        assert result.returncode == (0 if document["ok"] else 1)
        assert document["ok"] is all(check["ok"] for check in document["checks"])
        assert not (broken and document["ok"])


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("result", {"schema": "rlsys.result/2"}),
        ("plugins", {"schema": "rlsys.plugins/1", "plugins": [{"name": "x"}]}),
        ("doctor", {"schema": "rlsys.doctor/2", "ok": False, "checks": [
            {"what": "a", "ok": False, "found": "b", "fix": ""}]}),
    ],
)  # fmt: skip
def test_the_schemas_refuse_what_is_wrong(name, document):
    assert not validator(name).is_valid(document)


def test_without_json_people_get_a_table(copied):
    result = run_here(*LAMPS, "evaluate", copied, "--episodes", "10")
    assert result.returncode == 0
    for word in ("hall", "attic", "optimum", "hill-climbing", "always-on", "95 % interval"):
        assert word in result.stdout
    assert "closes" in result.stdout


def test_tensorboard_has_the_rewards(whole):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="pip install 'rlsys[sb3]'",
    )
    lines = [json.loads(line) for line in (whole.path / "metrics.jsonl").open()]
    for case in ("hall", "attic"):
        for seed in (0, 1):
            folder = whole.path / "tensorboard" / case / f"seed-{seed}" / "hill-climbing"
            log = accumulator.EventAccumulator(str(folder))
            log.Reload()
            for tag in ("reward", "hits", "validation_reward"):
                mine = [
                    (line["step"], line[tag])
                    for line in lines
                    if (line["case"], line["seed"]) == (case, seed) and tag in line
                ]
                kept = [(event.step, event.value) for event in log.Scalars(tag)]
                assert [step for step, _ in kept] == [step for step, _ in mine]
                assert [v for _, v in kept] == pytest.approx([v for _, v in mine])
                assert mine
