"""``policy.onnx``: the whole policy as one graph, built node by node, so torch is not needed.

Inputs: ``observations`` float32, flattened to (batch, features) for a stack, or (batch, items,
features) for a scorer. A masked network also takes ``masks`` bool (batch, actions).
Outputs: ``logits`` float32 (batch, outputs) before the mask, and ``actions``.  Batch size and
number of items are free.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from rlsys import __version__
from rlsys.exporters.checking import checking_batch, observed_features, same_actions
from rlsys.exporters.context import Check, ExportContext, ExportReport
from rlsys.network import Decoding, Dense, Network, Scorer, Stack, Transform

FILE = "policy.onnx"

OPSET = 17
IR_VERSION = 8
"""Old enough for runtimes from 2022, new enough for every operator used here."""

_OPERATORS = {"relu": "Relu", "tanh": "Tanh"}

Array = NDArray[Any]


def export(network: Network, directory: Path, context: ExportContext) -> ExportReport:
    """Write ``policy.onnx`` and check that it is valid and acts the same in onnxruntime."""
    model = build(network, context.provenance())
    onnx.checker.check_model(model, full_check=True)
    path = directory / FILE
    path.write_bytes(model.SerializeToString())
    observations, masks = checking_batch(network, context)
    return ExportReport((path,), (compare(network, path, observations, masks),))


def build(network: Network, provenance: dict[str, Any] | None = None) -> onnx.ModelProto:
    """Return the network as an ONNX model."""
    graph = _Graph()
    scorer = isinstance(network.body, Scorer)
    features = observed_features(network)
    shape: list[str | int | None] = ["batch", "items", features] if scorer else ["batch", features]
    inputs = [helper.make_tensor_value_info("observations", TensorProto.FLOAT, shape)]
    if network.masked:
        inputs.append(
            helper.make_tensor_value_info("masks", TensorProto.BOOL, ["batch", "actions"])
        )
    x = "observations"
    if network.input_clip is not None:
        x = _clip(graph, x, network.input_clip.low, network.input_clip.high)
    raw = x
    if network.transform is not None:
        x = _transform(graph, x, network.transform)
    if isinstance(network.body, Scorer):
        logits = _scorer(graph, x, raw, network.body)
    else:
        logits = _dense(graph, x, network.body.layers)
    graph.add("Identity", logits, output="logits")
    chosen = "logits"
    if network.masked:
        chosen = graph.add("Where", "masks", "logits", graph.constant(-np.inf))
    graph.add("Identity", _decode(graph, chosen, network.decoding), output="actions")
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", _width(network)]),
        _action_info(network),
    ]
    proto = helper.make_graph(graph.nodes, "policy", inputs, outputs, graph.constants)
    model = helper.make_model(
        proto,
        producer_name="rlsys",
        producer_version=__version__,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    notes = {**network.notes, **(provenance or {})}
    helper.set_model_props(model, {key: _as_text(value) for key, value in notes.items()})
    return model


def compare(network: Network, path: Path, observations: Array, masks: Array | None) -> Check:
    """Run the file in onnxruntime and compare it with the network; see `same_actions`."""
    observations = np.asarray(observations, dtype=np.float32)
    if isinstance(network.body, Stack):
        observations = observations.reshape(len(observations), -1)
    feeds: dict[str, Array] = {"observations": observations}
    if network.masked:
        feeds["masks"] = np.asarray(masks, dtype=bool)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    logits, actions = session.run(["logits", "actions"], feeds)
    return same_actions("onnx-same-actions", network, observations, masks, logits, actions)


class _Graph:
    """Nodes and constants under construction; names are numbered."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Append a node and return the name of its output."""
        name = output or f"v{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, list(inputs), [name], f"n{len(self.nodes)}", **attributes)
        )
        return name

    def split(self, x: str, sizes: Sequence[int]) -> list[str]:
        """Append a Split along the last axis and return the names of the parts."""
        names = [f"v{len(self.nodes)}.{part}" for part in range(len(sizes))]
        sizes_name = self.integers(sizes)
        self.nodes.append(
            helper.make_node("Split", [x, sizes_name], names, f"n{len(self.nodes)}", axis=-1)
        )
        return names

    def constant(self, value: Any) -> str:
        """Store a float32 constant and return its name."""
        return self._store(np.asarray(value, dtype=np.float32))

    def integers(self, value: Any) -> str:
        """Store an int64 constant and return its name."""
        return self._store(np.asarray(value, dtype=np.int64))

    def _store(self, array: Array) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name


def _transform(graph: _Graph, x: str, transform: Transform) -> str:
    x = graph.add("Sub", x, graph.constant(transform.shift))
    x = graph.add("Mul", x, graph.constant(transform.scale))
    return _clip(graph, x, transform.low, transform.high)


def _clip(graph: _Graph, x: str, low: Any, high: Any) -> str:
    # Not the Clip operator: it takes single numbers as bounds, but every action has its own.
    x = graph.add("Max", x, graph.constant(low))
    return graph.add("Min", x, graph.constant(high))


def _dense(graph: _Graph, x: str, layers: Sequence[Dense]) -> str:
    for layer in layers:
        x = graph.add("MatMul", x, graph.constant(layer.weight.T))
        x = graph.add("Add", x, graph.constant(layer.bias))
        if layer.activation != "linear":
            x = graph.add(_OPERATORS[layer.activation], x)
    return x


def _scorer(graph: _Graph, x: str, raw: str, body: Scorer) -> str:
    code = _dense(graph, x, body.encoder)
    # Presence is column 0 of the raw observation, before any transform.
    present = graph.add("Gather", raw, graph.integers([0]), axis=2)
    items = graph.integers([1])
    count = graph.add("ReduceSum", present, items, keepdims=1)
    count = graph.add("Max", count, graph.constant(1.0))
    total = graph.add("ReduceSum", graph.add("Mul", code, present), items, keepdims=1)
    context = graph.add("Div", total, count)
    spread = graph.add("Expand", context, graph.add("Shape", code))
    scores = _dense(graph, graph.add("Concat", code, spread, axis=-1), body.scorer)
    logits = graph.add("Gather", scores, graph.integers(0), axis=2)
    if body.rest:
        others = _dense(graph, graph.add("Squeeze", context, items), body.rest)
        logits = graph.add("Concat", logits, others, axis=-1)
    return logits


def _decode(graph: _Graph, x: str, decoding: Decoding) -> str:
    if decoding.kind == "argmax":
        best = graph.add("ArgMax", x, axis=-1, keepdims=0, select_last_index=0)
        return graph.add("Add", best, graph.integers(decoding.start)) if decoding.start else best
    if decoding.kind == "multi-argmax":
        groups = graph.split(x, decoding.sizes)
        best_each = [
            graph.add("ArgMax", group, axis=-1, keepdims=1, select_last_index=0) for group in groups
        ]
        return graph.add("Concat", *best_each, axis=-1)
    low, high = np.asarray(decoding.low), np.asarray(decoding.high)
    if decoding.kind == "clip":
        return _clip(graph, x, low, high)
    unit = graph.add("Add", graph.add("Tanh", x), graph.constant(1.0))
    unit = graph.add("Mul", unit, graph.constant(0.5))
    scaled = graph.add("Mul", unit, graph.constant(high - low))
    return graph.add("Add", scaled, graph.constant(low))


def _width(network: Network) -> int | str:
    """Return the number of outputs, or a name if it is free."""
    if isinstance(network.body, Scorer):
        return "actions"
    return int(network.body.layers[-1].weight.shape[0])


def _action_info(network: Network) -> onnx.ValueInfoProto:
    kind = network.decoding.kind
    if kind == "argmax":
        return helper.make_tensor_value_info("actions", TensorProto.INT64, ["batch"])
    if kind == "multi-argmax":
        groups = len(network.decoding.sizes)
        return helper.make_tensor_value_info("actions", TensorProto.INT64, ["batch", groups])
    return helper.make_tensor_value_info("actions", TensorProto.FLOAT, ["batch", _width(network)])


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
