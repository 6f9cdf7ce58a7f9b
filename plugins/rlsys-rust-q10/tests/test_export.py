"""The exporter as a whole: what it writes, what it reports, and what it refuses."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from drawn_networks import dense
from toy_env import ToyEnv

from rlsys.descriptors import resolve
from rlsys.errors import CheckFailed, UserError
from rlsys.exporters.context import ExportContext
from rlsys.exporters.folder import export_network
from rlsys.exporters.policy_json import load_json
from rlsys.network import Decoding, Dense, Network, Scorer, Stack, Transform
from rlsys_rust_q10.checks import golden, verify
from rlsys_rust_q10.export import prepare
from rlsys_rust_q10.plugin import rlsys_commands, rlsys_exporters
from rlsys_rust_q10.settings import Settings
from rlsys_rust_q10.source import crate
from rlsys_rust_q10.target.toolchain import MissingTool

(SPEC,) = rlsys_exporters()
FEW = Settings(observations=300, golden_vectors=100, episodes=2)


def network(masked=True, gain=1.5):
    rng = np.random.default_rng(2)
    return Network(Stack((dense(rng, 8, 2, "relu", gain), dense(rng, 5, 8))), masked=masked)


def context(**changes):
    changes = {"make_env": ToyEnv, "episodes": (1, 2, 3), "environment": "toy", **changes}
    return ExportContext(low=-np.ones(2), high=np.ones(2), case="here", **changes)


def by_name(report):
    return {check["name"]: check for check in report.checks}


def test_what_is_described_exists():
    (command,) = rlsys_commands()
    for reference in (SPEC.config, SPEC.factory, SPEC.ready, command.command):
        assert callable(resolve(reference))


def test_an_export_holds_the_crates_the_vectors_and_the_weights(tmp_path):
    report = export_network(network(), SPEC, tmp_path / "out", context(), FEW)
    assert {check["name"] for check in report.checks} == {
        "no-overflow",
        "fidelity",
        "golden",
        "json-exact-weights",
    }
    assert all(check["holds"] for check in report.checks)
    names = {path.relative_to(tmp_path / "out").as_posix() for path in report.files}
    assert names >= {
        "Cargo.toml",
        "Cargo.lock",
        "q10/src/lib.rs",
        "policy/Cargo.toml",
        "policy/src/lib.rs",
        "policy/src/weights.rs",
        "policy/tests/golden.rs",
        "policy/golden/vectors.bin",
        "policy_weights.json",
    }
    figures = {name: check["figures"] for name, check in by_name(report).items()}
    assert figures["no-overflow"]["kernels"] == "narrow narrow"
    assert figures["no-overflow"]["fractional_bits"] == 10
    assert 0 < figures["no-overflow"]["largest_accumulator_share"] < 1
    assert figures["fidelity"]["observations"] >= 300
    assert figures["fidelity"]["episodes"] == 2
    vectors = golden.read(tmp_path / "out" / crate.VECTORS_PATH)
    assert figures["golden"]["vectors"] == sum(len(batch) for batch in vectors) >= 100


def test_exporting_again_writes_the_same_files(tmp_path):
    first = export_network(network(), SPEC, tmp_path / "one", context(), FEW)
    second = export_network(network(), SPEC, tmp_path / "two", context(), FEW)
    assert [path.read_bytes() for path in first.files] == [p.read_bytes() for p in second.files]


def test_an_export_into_a_folder_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=r"no export wrote \(mine\.txt\)"):
        export_network(network(), SPEC, tmp_path, context(), FEW)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_weights_file_holds_the_numbers_of_the_crate(tmp_path):
    rng = np.random.default_rng(4)
    transform = Transform(np.array([0.1, -0.2]), np.array([3.0, 0.5]), -2.0, 2.0)
    body = Stack((dense(rng, 8, 2, "relu", 30.0), dense(rng, 5, 8)))
    original = Network(body, transform=transform, masked=True)
    export_network(original, SPEC, tmp_path / "out", context(), FEW)
    path = tmp_path / "out" / "policy_weights.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    policy = prepare(original, -np.ones(2), np.ones(2), FEW)
    assert document["transform"] is None
    assert document["notes"]["fractional_bits"] == 10
    assert document["notes"]["environment"] == "toy"
    for layer, fixed in zip(document["layers"], policy.layers, strict=True):
        assert layer["weights_q10"] == fixed.weight.tolist()
        assert layer["biases_q10"] == fixed.bias.tolist()
    # Clamped to the bounds of the notes, it is the network that it was made from.
    bounds = document["notes"]["input_low"], document["notes"]["input_high"]
    x = rng.uniform(-1, 1, (100, 2))
    assert np.allclose(
        load_json(path).logits(np.clip(x, *bounds)), original.logits(x), rtol=1e-3, atol=1e-2
    )


REFUSED = {
    "no layers": (Network(Stack(())), {}, {}),
    "NaN": (Network(Stack((Dense(np.full((5, 2), math.nan), np.zeros(5)),))), {}, {}),
    "unbounded": (network(), {"low": None, "high": None}, {}),
    "provably fit": (network(gain=1e6), {}, {"fractional_bits": 14}),
    "kernel than 'narrow'": (network(), {}, {"kernel": "narrow", "fractional_bits": 16}),
    "counted from -1": (Network(network().body, Decoding(start=-1)), {}, {}),
    "set max_items=20": (
        Network(Scorer((), (Dense(np.ones((1, 4)), np.zeros(1)),))),
        {"low": np.zeros((20, 2)), "high": np.ones((20, 2)), "make_env": None},
        {},
    ),
    "bytes of flash": (
        Network(Stack((Dense(np.full((400, 400), 40.0), np.zeros(400)),))),
        {"low": np.zeros(400), "high": np.ones(400), "make_env": None},
        {"fractional_bits": 12},
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_refused_before_a_file_is_written(reason, tmp_path):
    bad, changes, options = REFUSED[reason]
    bounds = {"low": -np.ones(2), "high": np.ones(2), "make_env": ToyEnv, **changes}
    with pytest.raises(UserError, match=reason):
        export_network(
            bad, SPEC, tmp_path / "out", ExportContext(**bounds), FEW.model_copy(update=options)
        )
    assert not (tmp_path / "out").exists()


class Scheduler:
    name = "rtos-scheduler"
    controllers: dict = {}  # noqa: RUF012
    data = {  # noqa: RUF012
        "case": "one",
        "tasks": [{"name": "T1", "period": 4, "deadline": 4, "wcet": 1, "offset": 0}],
        "horizon": 8,
        "capacity": 4,
        "observation": "basic",
        "idle": "masked-while-ready",
        "jobs": None,
        "table": None,
        "table_note": "",
    }


def test_a_policy_that_does_not_fit_the_workload_is_refused(tmp_path):
    with pytest.raises(UserError, match="does not fit 4 tasks with 4 observed values each"):
        export_network(network(), SPEC, tmp_path / "out", context(application=Scheduler()), FEW)
    assert not (tmp_path / "out").exists()


def test_an_application_of_another_name_is_left_alone(tmp_path):
    other = Scheduler()
    other.name = "something-else"
    export_network(network(), SPEC, tmp_path / "out", context(application=other), FEW)
    assert not (tmp_path / "out" / "sched").exists()


class Built:
    def verdicts(self):
        return [{"name": "host-tests", "holds": True, "figures": {}}]


def test_build_is_asked_for_and_reported(tmp_path, monkeypatch):
    seen = []

    def build(directory, application):
        seen.append((directory / "policy/golden/vectors.bin").is_file())
        assert application is None
        return Built()

    monkeypatch.setattr(verify, "build", build)
    settings = FEW.model_copy(update={"build": True})
    report = export_network(network(), SPEC, tmp_path / "out", context(), settings)
    assert seen == [True]
    assert "host-tests" in by_name(report)
    assert not any("not booted" in note for note in report.notes)


def test_run_without_firmware_builds_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(verify, "build", lambda *_: Built())
    settings = Settings(run=True, observations=300, golden_vectors=100, episodes=2)
    report = export_network(network(), SPEC, tmp_path / "out", context(), settings)
    assert "host-tests" in by_name(report)
    assert any("no firmware for the environment 'toy'" in note for note in report.notes)


def missing(*_):
    raise MissingTool("cargo is missing; install it with: magic")


@pytest.mark.parametrize("optional", [True, False])
def test_a_missing_tool_is_noted_where_the_build_is_optional(optional, tmp_path, monkeypatch):
    monkeypatch.setattr(verify, "build", missing)
    settings = FEW.model_copy(update={"build": True})
    if not optional:
        with pytest.raises(MissingTool, match="magic"):
            export_network(network(), SPEC, tmp_path / "out", context(), settings)
        assert not (tmp_path / "out").exists()
        return
    report = export_network(network(), SPEC, tmp_path / "out", context(optional=True), settings)
    assert any("not built or booted: cargo is missing" in note for note in report.notes)
    assert all(check["holds"] for check in report.checks)


def test_a_failing_build_leaves_nothing(tmp_path, monkeypatch):
    def fails(*_):
        raise CheckFailed("cargo test fails: logits of vector 3")

    monkeypatch.setattr(verify, "build", fails)
    settings = FEW.model_copy(update={"build": True})
    with pytest.raises(CheckFailed, match="vector 3"):
        export_network(network(), SPEC, tmp_path / "out", context(optional=True), settings)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"fractional_bits": 3},
        {"fractional_bits": 21},
        {"kernel": "fast"},
        {"observations": 0},
        {"golden_vectors": 99},
        {"max_items": 0},
        {"time_limit": 0},
        {"bits": 10},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)


def test_run_implies_build():
    assert Settings(run=True).build
    assert not Settings().build


LOCK = """\
# This file is automatically @generated by Cargo.
version = 4

[[package]]
name = "extra"
version = "1.2.3"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "abc"

[[package]]
name = "q10"
version = "0.1.0"

[[package]]
name = "sched"
version = "0.1.0"
dependencies = [
 "extra",
 "q10",
]
"""


def test_a_lock_file_keeps_what_its_members_need():
    alone = crate.pruned_lock(LOCK, ("policy", "q10"))
    assert "extra" not in alone
    assert "sched" not in alone
    assert (
        '[[package]]\nname = "policy"\nversion = "0.1.0"\ndependencies = [\n "q10",\n]\n' in alone
    )
    both = crate.pruned_lock(LOCK, ("policy", "q10", "sched"))
    assert both.startswith("# This file is automatically @generated by Cargo.\nversion = 4\n\n[[")
    assert 'name = "extra"\nversion = "1.2.3"\nsource = "registry+https' in both
    assert 'dependencies = [\n "q10",\n "sched",\n]' in both
    assert both.endswith(
        'name = "sched"\nversion = "0.1.0"\ndependencies = [\n "extra",\n "q10",\n]\n'
    )
