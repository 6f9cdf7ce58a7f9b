"""policy.onnx acts like the network in onnxruntime, for any batch size and number of items."""

from __future__ import annotations

import dataclasses
import importlib.util
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from rlsys.errors import CheckFailed, UserError
from rlsys.exporters import policy_onnx, rlsys_exporters
from rlsys.exporters.context import ExportContext
from rlsys.exporters.folder import export_network
from rlsys.exporters.policy_onnx import FILE, build
from rlsys.network import Dense, Network, Stack

from . import networks

SPEC = next(spec for spec in rlsys_exporters() if spec.name == "onnx")


def session_of(network, tmp_path, **context):
    export_network(network, SPEC, tmp_path / "out", ExportContext(**context))
    return onnxruntime.InferenceSession(tmp_path / "out" / FILE)


def feeds(network, x, masks):
    return {"observations": x, "masks": masks} if network.masked else {"observations": x}


@pytest.mark.parametrize("kind", networks.KINDS)
@pytest.mark.parametrize("count", [1, 300])
def test_graph_gives_the_same_logits_and_actions(tmp_path, kind, count):
    network = networks.make(kind)
    session = session_of(network, tmp_path)
    for items in (1, 5, 23):
        x, masks = networks.observations(network, count=count, items=items)
        logits, actions = session.run(["logits", "actions"], feeds(network, x, masks))
        np.testing.assert_allclose(logits, network.logits(x), rtol=1e-4, atol=1e-5)
        expected = network.act(x, masks)
        assert actions.dtype == expected.dtype
        np.testing.assert_allclose(actions, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("masked", [False, True])
def test_lowest_index_wins_a_tie(tmp_path, masked):
    layer = Dense(np.zeros((4, 1)), np.float32([1, 3, 3, 3]))
    network = Network(Stack((layer,)), masked=masked)
    x, masks = np.zeros((1, 1), np.float32), np.array([[True, False, True, True]])
    (actions,) = session_of(network, tmp_path).run(["actions"], feeds(network, x, masks))
    assert actions == ([2] if masked else [1])


def test_checks_use_the_observations_that_were_given(tmp_path):
    network = networks.make("masked")
    x, masks = networks.observations(network, count=77)
    report = export_network(
        network, SPEC, tmp_path / "out", ExportContext(observations=x, masks=masks)
    )
    (check,) = report.checks
    assert check["name"] == "onnx-same-actions"
    assert check["figures"]["observations"] == 77


def test_observations_of_several_dimensions_are_flattened(tmp_path):
    network = networks.make("plain")
    x, _ = networks.observations(network)
    context = ExportContext(observations=x.reshape(-1, 2, 3))
    report = export_network(network, SPEC, tmp_path / "out", context)
    assert report.checks[0]["holds"]


@pytest.mark.parametrize(
    "lose",
    [
        lambda n: dataclasses.replace(n, transform=None),
        lambda n: dataclasses.replace(
            n, transform=dataclasses.replace(n.transform, low=-np.inf, high=np.inf)
        ),
        lambda n: dataclasses.replace(n, decoding=dataclasses.replace(n.decoding, start=1)),
    ],
)
@pytest.mark.parametrize("kind", ["masked", "scorer"])
def test_graph_that_loses_a_part_is_caught(tmp_path, monkeypatch, lose, kind):
    monkeypatch.setattr(policy_onnx, "build", lambda n, *notes: build(lose(n), *notes))
    with pytest.raises(CheckFailed, match="onnx-same-actions"):
        session_of(networks.make(kind), tmp_path)
    assert not (tmp_path / "out").exists()


def test_model_says_where_it_comes_from_and_what_is_free(tmp_path):
    session = session_of(networks.make("masked"), tmp_path, environment="valve")
    assert session.get_modelmeta().custom_metadata_map["environment"] == "valve"
    assert session.get_modelmeta().custom_metadata_map["seed"] == "3"
    shapes = {i.name: i.shape for i in session.get_inputs()}
    assert shapes == {"observations": ["batch", 6], "masks": ["batch", "actions"]}
    scorer = onnxruntime.InferenceSession(build(networks.make("scorer")).SerializeToString())
    assert scorer.get_inputs()[0].shape == ["batch", "items", 6]


@pytest.mark.parametrize("kind", networks.KINDS)
def test_model_is_valid(kind):
    onnx.checker.check_model(build(networks.make(kind)), full_check=True)


def test_missing_onnxruntime_is_named_with_its_cure(tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n: None if n == "onnxruntime" else find(n)
    )
    with pytest.raises(
        UserError, match=r"'onnxruntime', which is missing; .* pip install 'rlsys\[onnx\]'"
    ):
        session_of(networks.make("plain"), tmp_path)


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("rlsys.exporters", "numpy onnx onnxruntime torch matplotlib"),
        ("rlsys.exporters.policy_json", "onnx onnxruntime torch"),
        ("rlsys.exporters.policy_onnx", "torch"),
    ],
)
def test_import_stays_light(module, unwanted):
    code = f"import sys, {module}; print(*(set({unwanted.split()!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
