"""The protections of the user that apply to every exporter."""

from __future__ import annotations

import json
import os
import stat
import sys
import types
from dataclasses import replace

import numpy as np
import pydantic
import pytest

from rlsys.descriptors import ExporterSpec, Requirement
from rlsys.errors import CheckFailed, UserError
from rlsys.exporters import rlsys_exporters
from rlsys.exporters.checking import checking_batch, same_actions
from rlsys.exporters.context import ExportContext, ExportReport
from rlsys.exporters.folder import MARKER, export_network, finished_export
from rlsys.network import Decoding, Dense, Network, Scorer, Stack, Transform
from rlsys.workflow.exported import Exported

JSON = next(spec for spec in rlsys_exporters() if spec.name == "json")
HERE = "rlsys_test_exporter"


def network(bias=0.0, **parts):
    rng = np.random.default_rng(0)
    return Network(Stack((Dense(rng.normal(size=(3, 2)), np.full(3, bias)),)), **parts)


@pytest.fixture
def exporter(monkeypatch):
    """Return a function that turns a factory into a description of an exporter."""

    def describe(factory, **fields):
        module = types.ModuleType(HERE)
        module.factory = factory
        monkeypatch.setitem(sys.modules, HERE, module)
        return ExporterSpec(name="mine", summary="x", factory=f"{HERE}:factory", **fields)

    return describe


def write_two(_network, directory, _context):
    (directory / "sub").mkdir()
    (directory / "sub" / "a.txt").write_text("a")
    (directory / "b.txt").write_text("b")
    return ExportReport((), ({"name": "fine", "holds": True, "figures": {"x": 1}},))


def test_files_and_marker_arrive_together(tmp_path, exporter):
    target = tmp_path / "deep" / "out"
    context = ExportContext(environment="valve", case="small", notes={"seed": 3})
    report = export_network(network(), exporter(write_two), target, context)
    assert sorted(p.relative_to(target).as_posix() for p in report.files) == [
        "b.txt",
        MARKER,
        "sub/a.txt",
    ]
    assert all(path.is_file() for path in report.files)
    assert Exported(report.files).shown == (target.resolve(),)
    marker = json.loads((target / MARKER).read_text())
    assert marker["exporter"] == "mine"
    assert marker["from"] == {"environment": "valve", "case": "small", "seed": 3}
    assert marker["checks"] == [{"name": "fine", "holds": True, "figures": {"x": 1}}]
    assert os.listdir(target.parent) == ["out"]


def test_exported_folder_has_the_users_own_file_mode(tmp_path, exporter):
    (tmp_path / "ordinary").mkdir()
    export_network(network(), exporter(write_two), tmp_path / "out", ExportContext())
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ordinary", "out")}
    assert len(modes) == 1


def test_second_export_replaces_the_first(tmp_path, exporter):
    export_network(network(), exporter(write_two), tmp_path / "out", ExportContext())
    export_network(network(1.0), JSON, tmp_path / "out", ExportContext())
    assert sorted(os.listdir(tmp_path / "out")) == ["policy_weights.json", MARKER]
    assert os.listdir(tmp_path) == ["out"]


def test_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    export_network(network(), JSON, tmp_path / "out", ExportContext())
    assert (tmp_path / "out" / MARKER).exists()


def test_folder_with_foreign_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"contains files that no export wrote \(thesis\.tex\)"):
        export_network(network(), JSON, tmp_path, ExportContext())
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_foreign_file_beside_an_earlier_export_is_left_alone(tmp_path):
    out = tmp_path / "out"
    export_network(network(), JSON, out, ExportContext())
    (out / "notes").mkdir()
    (out / "notes" / "own.md").write_text("mine")
    with pytest.raises(UserError, match=r"no export wrote \(notes/own\.md\)"):
        export_network(network(), JSON, out, ExportContext())
    assert (out / "notes" / "own.md").read_text() == "mine"


def test_exported_file_that_was_edited_is_left_alone(tmp_path):
    out = tmp_path / "out"
    export_network(network(), JSON, out, ExportContext())
    (out / "policy_weights.json").write_text("tuned by hand")
    with pytest.raises(UserError, match=r"since been changed \(policy_weights\.json\)"):
        export_network(network(), JSON, out, ExportContext())
    assert (out / "policy_weights.json").read_text() == "tuned by hand"


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "other"}', "{}"])
def test_marker_that_cannot_be_read_protects_the_folder(tmp_path, text):
    (tmp_path / MARKER).write_text(text)
    with pytest.raises(UserError, match="cannot be read"):
        export_network(network(), JSON, tmp_path, ExportContext())


def test_target_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(UserError, match="is a file"):
        export_network(network(), JSON, tmp_path / "out", ExportContext())
    with pytest.raises(UserError, match="cannot be written"):
        export_network(network(), JSON, tmp_path / "out" / "below", ExportContext())


def fail_in_the_middle(_network, directory, _context):
    (directory / "half.txt").write_text("half")
    raise OSError(28, "No space left on device")


def find_fault(_network, directory, _context):
    (directory / "wrong.txt").write_text("wrong")
    return ExportReport((), ({"name": "same", "holds": False, "figures": {"different": 7}},))


@pytest.mark.parametrize(
    ("factory", "error", "words"),
    [
        (fail_in_the_middle, UserError, "No space left on device"),
        (find_fault, CheckFailed, r"check 'same' failed \(different 7\)"),
    ],
)
def test_failed_export_leaves_the_earlier_one_and_nothing_else(
    tmp_path, exporter, factory, error, words
):
    out = tmp_path / "out"
    export_network(network(), JSON, out, ExportContext())
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(error, match=words):
        export_network(network(), exporter(factory), out, ExportContext())
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert os.listdir(tmp_path) == ["out"]


def test_rename_that_fails_brings_the_earlier_export_back(tmp_path, monkeypatch):
    out = tmp_path / "out"
    export_network(network(), JSON, out, ExportContext())
    before = (out / "policy_weights.json").read_bytes()
    rename = os.rename

    def fail_for_the_new_one(source, target):
        if os.path.basename(source) == "new":
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail_for_the_new_one)
    with pytest.raises(UserError, match="Input/output error"):
        export_network(network(1.0), JSON, out, ExportContext())
    assert (out / "policy_weights.json").read_bytes() == before
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (network(np.nan), r"layers\[0\] contains NaN"),
        (network(transform=Transform(np.float32([0, np.nan]), np.ones(2))), "observation shift"),
        (network(transform=Transform(np.zeros(2), np.float32([1, np.inf]))), "observation scale"),
        (network(transform=Transform(np.zeros(2), np.ones(2), np.nan, 1)), "observation clip"),
        (
            network(decoding=Decoding("clip", low=np.float32([0, 0, np.nan]), high=np.ones(3))),
            "action bounds",
        ),
        (
            network(decoding=Decoding("tanh", low=np.zeros(3), high=np.float32([1, 1, np.inf]))),
            "action bounds",
        ),
    ],
)
def test_numbers_that_are_none_are_refused_before_a_file_is_written(tmp_path, bad, words):
    with pytest.raises(UserError, match=words):
        export_network(bad, JSON, tmp_path / "out", ExportContext())
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("kind", ["module", "executable"])
def test_missing_requirement_is_named_with_its_cure(tmp_path, exporter, kind):
    need = Requirement(name="no-such-thing", kind=kind, fix="get it there")
    with pytest.raises(
        UserError, match=f"{kind} 'no-such-thing', which is missing; .* get it there"
    ):
        export_network(
            network(), exporter(write_two, requires=(need,)), tmp_path / "out", ExportContext()
        )


def test_random_checks_stay_in_bounds_and_always_allow_an_action():
    low, high = np.float32([-1, -np.inf]), np.float32([3, 2])
    observations, masks = checking_batch(network(masked=True), ExportContext(low=low, high=high))
    assert observations.shape == (10_000, 2)
    assert ((observations >= low) & (observations <= high)).all()
    assert np.ptp(observations[:, 0]) > 3.9
    assert masks.shape == (10_000, 3)
    assert masks.any(axis=1).all()
    assert not masks.all()


def test_random_checks_of_a_scorer_hold_padding():
    rng = np.random.default_rng(0)
    body = Scorer((Dense(rng.normal(size=(2, 3)), np.zeros(2)),), (Dense(np.ones((1, 4)), [0]),))
    observations, masks = checking_batch(Network(body), ExportContext())
    assert masks is None
    present = observations[..., 0]
    assert set(np.unique(present)) == {0.0, 1.0}
    assert not observations[present == 0].any()


def test_masked_network_is_not_checked_without_the_masks():
    context = ExportContext(observations=np.zeros((5, 2)))
    with pytest.raises(UserError, match="one mask for each of the 5 observations"):
        checking_batch(network(masked=True), context)


def judge(logits, actions, masks=None, **parts):
    logits = np.atleast_2d(np.float32(logits))
    identity = Dense(np.eye(logits.shape[1]), np.zeros(logits.shape[1]))
    judged = Network(Stack((identity,)), masked=masks is not None, **parts)
    return same_actions("same", judged, logits, masks, logits, np.asarray(actions))


def test_verdict_tells_a_wrong_action_from_a_tie():
    assert judge([[1, 2], [1, 2]], [1, 1])["holds"]
    wrong = judge([[1, 2], [1, 2]], [1, 0])
    assert not wrong["holds"]
    assert wrong["figures"]["different_actions"] == 1
    tie = judge([[1, 1 + 1e-7], [1, 2]], [0, 1])
    assert tie["holds"]
    assert tie["figures"]["ties_within_rounding"] == 1


def test_verdict_never_forgives_a_masked_action():
    masks = np.array([[True, False]])
    assert judge([[1, 1]], [0], masks)["holds"]
    assert not judge([[1, 1]], [1], masks)["holds"]
    nothing_allowed = np.array([[False, False]])
    assert judge([[1, 2]], [0], nothing_allowed)["holds"]


def test_verdict_knows_every_decoding():
    start = Decoding(start=5)
    assert judge([[1, 2]], [6], decoding=start)["holds"]
    assert not judge([[1, 2]], [5], decoding=start)["holds"]
    assert not judge([[1, 2]], [7], decoding=start)["holds"]  # no such action
    assert not judge([[1, 2]], [4], decoding=start)["holds"]
    multi = Decoding("multi-argmax", sizes=(2, 2))
    assert judge([[1, 2, 4, 3]], [[1, 0]], decoding=multi)["holds"]
    assert not judge([[1, 2, 4, 3]], [[1, 1]], decoding=multi)["holds"]
    clip = Decoding("clip", low=np.zeros(2), high=np.ones(2))
    assert judge([[0.5, 7]], [[0.5, 1.0]], decoding=clip)["holds"]
    assert not judge([[0.5, 7]], [[0.5, 0.99]], decoding=clip)["holds"]
    assert not judge([[0.5, 7]], [[np.nan, 1.0]], decoding=clip)["holds"]


def test_what_a_build_tool_left_in_the_folder_does_not_stand_in_the_way(tmp_path):
    out = tmp_path / "out"
    export_network(network(), JSON, out, ExportContext())
    (out / "target").mkdir()
    (out / "target" / "CACHEDIR.TAG").write_text(
        "Signature: 8a477f597d28d172789f06886806bc55\n# made by a build tool\n"
    )
    (out / "target" / "program").write_bytes(b"made from the export")
    export_network(network(1.0), JSON, out, ExportContext())
    assert sorted(os.listdir(out)) == ["policy_weights.json", MARKER]


class Digits(pydantic.BaseModel):
    digits: int = 3


@pytest.mark.parametrize(("given", "digits"), [(None, 3), (Digits(digits=5), 5)])
def test_an_exporter_with_a_config_gets_its_settings(tmp_path, exporter, given, digits):
    def write(_network, directory, _context, settings):
        (directory / "a.txt").write_text(str(settings.digits))
        return ExportReport((), notes=("left something out",))

    spec = exporter(write, config=f"{HERE}:config")
    sys.modules[HERE].config = Digits
    report = export_network(network(), spec, tmp_path / "out", ExportContext(), given)
    assert (tmp_path / "out" / "a.txt").read_text() == str(digits)
    assert report.notes == ("left something out",)


@pytest.fixture
def finished(tmp_path, exporter):
    """Return what identifies a finished export, and its folder."""
    spec = exporter(lambda n, d, c, _: write_two(n, d, c), config=f"{HERE}:config")
    sys.modules[HERE].config = Digits
    context = ExportContext(case="small", notes={"seed": 3})
    export_network(network(), spec, tmp_path / "out", context, Digits())
    return spec, tmp_path / "out", context, Digits()


def test_a_finished_export_is_recognised(finished):
    report = finished_export(*finished)
    assert sorted(path.name for path in report.files) == ["a.txt", "b.txt", MARKER]
    assert report.checks == [{"name": "fine", "holds": True, "figures": {"x": 1}}]


@pytest.mark.parametrize(
    "change",
    [
        lambda spec, out, context, _: (spec, out, context, Digits(digits=4)),
        lambda spec, out, _, s: (spec, out, ExportContext(case="small", notes={"seed": 4}), s),
        lambda spec, out, _, s: (spec, out, ExportContext(case="large", notes={"seed": 3}), s),
        lambda spec, out, context, s: (replace(spec, name="other"), out, context, s),
        lambda spec, out, context, s: (spec, out / "nowhere", context, s),
    ],
    ids=["settings", "policy", "case", "exporter", "folder"],
)
def test_an_export_of_something_else_is_not(finished, change):
    assert finished_export(*change(*finished)) is None


@pytest.mark.parametrize("fault", ["edited", "deleted", "added", "marker", "version"])
def test_an_export_that_was_touched_is_not(finished, fault):
    _, out, *_ = finished
    if fault == "edited":
        (out / "b.txt").write_text("c")
    elif fault == "deleted":
        (out / "b.txt").unlink()
    elif fault == "added":
        (out / "c.txt").write_text("c")
    elif fault == "marker":
        (out / MARKER).write_text("{")
    else:
        document = json.loads((out / MARKER).read_text())
        (out / MARKER).write_text(json.dumps({**document, "rlsys": "0.0.1"}))
    assert finished_export(*finished) is None


def test_an_export_that_left_something_out_is_made_again(tmp_path, exporter):
    def write(_network, directory, _context):
        (directory / "a.txt").write_text("a")
        return ExportReport((), notes=("no compiler",))

    spec = exporter(write)
    export_network(network(), spec, tmp_path / "out", ExportContext())
    assert finished_export(spec, tmp_path / "out", ExportContext()) is None
