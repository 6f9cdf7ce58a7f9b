"""``weights.rs``: every number of the policy as a static array.

Neurons, inputs and biases are padded with zeros to a multiple of four. Weights are in the order in
which the kernels read them, four neurons at a time. A narrow layer has quads of 16 bits: the first
four columns of each neuron, then the next four of each, and so on. The other layers have words of
32 bits: the first column of each neuron, then the second of each.
"""

from __future__ import annotations

import numpy as np

from rlsys_rust_q10.arithmetic.bounds import FixedLayer, Span
from rlsys_rust_q10.arithmetic.fixed_point import Ints
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.arithmetic.tanh_table import tanh_table
from rlsys_rust_q10.source.template import fill
from rlsys_rust_q10.source.text import comment, filled


def padded(size: int) -> int:
    """Return the next multiple of four."""
    return -(-size // 4) * 4


def layer_name(role: str, index: int) -> str:
    """Return the prefix of a layer's arrays."""
    return f"{role.upper()}_{index}"


def weights_source(policy: QuantisedPolicy) -> str:
    """Return the text of ``weights.rs``."""
    parts = [
        comment(
            f"The numbers of the policy, multiples of 2^-{policy.bits}. Neurons, inputs and biases "
            "are padded with zeros to a multiple of four. Generated."
        )
    ]
    if "narrow" in policy.kernels:
        parts.append("use q10::Quad;")
    parts.append(_bounds("Observed values are clamped to these bounds first.", "", policy.span))
    if policy.action_span is not None:
        parts.append(_bounds("Bounds of the actions.", "ACTION_", policy.action_span))
    if uses_tanh(policy):
        table = tanh_table(policy.bits)
        entry = "i16" if table.narrow else "i32"
        parts.append(
            f"/// tanh(k * 2^-{table.step_bits}), the last entry twice.\n"
            + _array("TANH", entry, [str(v) for v in table.entries])
        )
    for role, group in policy.groups.items():
        for index, layer in enumerate(group):
            parts.append(_layer(layer_name(role, index), layer, _halves(role, index)))
    return "\n\n".join(parts) + "\n"


def padded_weight(layer: FixedLayer, halves: int) -> Ints:
    """Return the weights with their padding, one row per neuron.

    Args:
        halves: 2 if the input is two vectors side by side, each with its own padding.
    """
    outputs, inputs = layer.weight.shape
    width = inputs // halves
    weight = np.zeros((padded(outputs), halves, padded(width)), dtype=np.int64)
    weight[:outputs, :, :width] = layer.weight.reshape(outputs, halves, width)
    return weight.reshape(padded(outputs), -1)


def _layer(name: str, layer: FixedLayer, halves: int) -> str:
    weight = padded_weight(layer, halves)
    bias = np.zeros(len(weight), dtype=np.int64)
    bias[: len(layer.bias)] = layer.bias
    if layer.kernel == "narrow":
        kind, blocks = "Quad", [[_quad(quad) for quad in tile] for tile in quads(weight)]
    else:
        kind, blocks = "i32", [[str(value) for value in tile] for tile in words(weight)]
    outputs, inputs = layer.weight.shape
    about = (
        f"Layer `{layer.name}`: {inputs} to {outputs}, {layer.activation}, kernel {layer.kernel}; "
        f"no accumulator exceeds {layer.bound}."
    )
    return fill(
        "weights/layer.rs",
        about=comment(about, "///"),
        name=name,
        kind=kind,
        count=sum(len(texts) for texts in blocks),
        weights="\n".join(
            f"// neurons {4 * number} to {4 * number + 3}\n{filled(texts)}"
            for number, texts in enumerate(blocks)
        ),
        biases=_array(f"{name}_BIASES", "i32", [str(value) for value in bias]),
    )


def quads(weight: Ints) -> Ints:
    """Return padded weights as the narrow kernel reads them: (neurons / 4, inputs, 4)."""
    rows, columns = weight.shape
    tiles = weight.reshape(rows // 4, 4, columns // 4, 4).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(tiles).reshape(rows // 4, columns, 4)


def words(weight: Ints) -> Ints:
    """Return padded weights as the wide kernels read them: (neurons / 4, 4 * inputs)."""
    rows, columns = weight.shape
    tiles = weight.reshape(rows // 4, 4, columns).transpose(0, 2, 1)
    return np.ascontiguousarray(tiles).reshape(rows // 4, 4 * columns)


def _quad(values: Ints) -> str:
    return f"Quad([{', '.join(str(value) for value in values)}])"


def _bounds(about: str, prefix: str, span: Span) -> str:
    return "\n".join(
        f"/// {about}\n" + _array(f"{prefix}{name}", "i32", [str(v) for v in values])
        for name, values in zip(("LOW", "HIGH"), span, strict=True)
    )


def _array(name: str, kind: str, values: list[str]) -> str:
    return fill("weights/array.rs", name=name, kind=kind, count=len(values), values=filled(values))


def flash_bytes(policy: QuantisedPolicy) -> int:
    """Return how many bytes all arrays take."""
    total = 2 * 4 * policy.features
    if policy.action_span is not None:
        total += 2 * 4 * policy.outputs
    if uses_tanh(policy):
        table = tanh_table(policy.bits)
        total += len(table.entries) * (2 if table.narrow else 4)
    for role, group in policy.groups.items():
        for index, layer in enumerate(group):
            weight = padded_weight(layer, _halves(role, index))
            total += weight.size * (2 if layer.kernel == "narrow" else 4) + 4 * len(weight)
    return total


def uses_tanh(policy: QuantisedPolicy) -> bool:
    """Return whether the policy needs the tanh table."""
    hidden = any(layer.activation == "tanh" for layer in policy.layers)
    return hidden or policy.decoding.kind == "tanh"


def _halves(role: str, index: int) -> int:
    """Return how many padded vectors the input consists of: 2 for code and context, else 1."""
    return 2 if role == "scorer" and index == 0 else 1
