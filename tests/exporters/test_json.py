"""policy_weights.json: its layout, its Q10 numbers, and that nothing is lost."""

from __future__ import annotations

import json
import math
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys.exporters import rlsys_exporters
from rlsys.exporters.context import ExportContext
from rlsys.exporters.folder import export_network
from rlsys.exporters.policy_json import FILE, load_json, q10
from rlsys.network import Dense, Network, Stack, Transform

from . import networks

SPEC = next(spec for spec in rlsys_exporters() if spec.name == "json")


@pytest.fixture
def exported(tmp_path):
    def export(network, **context):
        report = export_network(network, SPEC, tmp_path / "out", ExportContext(**context))
        return tmp_path / "out" / FILE, report

    return export


@pytest.mark.parametrize("kind", networks.KINDS)
def test_nothing_is_lost(exported, kind):
    network = networks.make(kind)
    path, report = exported(network)
    assert {check["name"] for check in report.checks} == {"json-exact-weights", "json-same-actions"}
    again = load_json(path)
    x, masks = networks.observations(network)
    np.testing.assert_array_equal(again.logits(x), network.logits(x))
    np.testing.assert_array_equal(again.act(x, masks), network.act(x, masks))
    assert again.masked == network.masked
    assert again.layers().keys() == network.layers().keys()


def test_layout(exported):
    weight = np.float32([[0.5, -0.25], [1.0, 0.1], [0.0, 3.0]])
    layers = (Dense(weight, [0.0, -1.0, 2.0], "relu"), Dense(np.ones((1, 3)), [0.5]))
    network = Network(
        Stack(layers), transform=Transform([0, 1], [1, 2], high=4), notes={"agent": "ppo"}
    )
    path, _ = exported(network, environment="valve", case="small")
    document = json.loads(path.read_text())
    assert document["q10_scale"] == 1024
    first, second = document["layers"]
    assert first == {
        "name": "layers.0",
        "activation": "relu",
        "weight_shape": [3, 2],
        "weights": [[0.5, -0.25], [1.0, pytest.approx(0.1)], [0.0, 3.0]],
        "biases": [0.0, -1.0, 2.0],
        "weights_q10": [[512, -256], [1024, 102], [0, 3072]],
        "biases_q10": [0, -1024, 2048],
    }
    assert second["weight_shape"] == [1, 3]
    assert document["transform"] == {"shift": [0, 1], "scale": [1, 2], "low": None, "high": 4}
    assert document["notes"] == {"agent": "ppo", "environment": "valve", "case": "small"}
    assert document["masked"] is False
    assert document["decoding"]["kind"] == "argmax"


@given(st.floats(width=32, min_value=-2_000_000, max_value=2_000_000))
def test_q10_rounds_halves_up(value):
    assert q10(np.float32([value]))[0] == math.floor(Fraction(value) * 1024 + Fraction(1, 2))


def test_q10_of_halves_and_negatives():
    halves = np.array([0.5, 1.5, -0.5, -1.5, -2.5, 0.49]) / 1024
    assert q10(halves).tolist() == [1, 2, 0, -1, -2, 0]


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_float32_survives_its_decimal(values):
    bits = [struct.pack("<f", v) for v in values]
    text = json.dumps(np.asarray(values, dtype=np.float32).tolist())
    assert [struct.pack("<f", v) for v in np.asarray(json.loads(text), dtype=np.float32)] == bits


@pytest.mark.parametrize("weight", [2**21, -(2**21) - 1])
def test_weight_beyond_q10_is_refused(exported, tmp_path, weight):
    network = Network(Stack((Dense([[weight]], [0.0]),)))
    with pytest.raises(UserError, match=r"weight -?2\.09715e\+06 does not fit into Q10"):
        exported(network)
    assert not (tmp_path / "out").exists()
    assert q10(np.array([-(2**21)])).tolist() == [-(2**31)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(format="rlsys.policy-weights/9"), "format is not"),
        (lambda d: d.pop("decoding"), "'decoding' is missing"),
        (lambda d: d["layers"][0].update(weight_shape=[9, 9]), "weights of shape"),
        (lambda d: d["layers"][0].update(biases=[1.0]), "they must be"),
        (lambda d: d["layers"][0].update(activation="gelu"), "unknown activation 'gelu'"),
        (lambda d: d["layers"].reverse(), "out of order"),
        (lambda d: d["layers"][0]["weights"][0].append("x"), "not readable"),
        (lambda d: d.update(layers=[]), "no layer of the role 'layers'"),
        (lambda d: d.update(layers=3), "not readable"),
    ],
)
def test_file_that_contradicts_itself_is_the_users_error(exported, change, words):
    path, _ = exported(networks.make("plain"))
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(UserError, match=words) as caught:
        load_json(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "3", '{"format": "rlsys.policy', "\0"])
def test_foreign_or_torn_file_is_the_users_error(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError, match="not readable policy weights"):
        load_json(tmp_path / "x.json")
    with pytest.raises(UserError, match="no such file"):
        load_json(tmp_path / "y.json")


def test_matrices_are_written_one_row_a_line(exported):
    path, _ = exported(networks.make("plain"))
    assert len(path.read_text().splitlines()) < 300
