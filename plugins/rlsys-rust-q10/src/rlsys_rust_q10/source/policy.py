"""``lib.rs`` of the generated policy crate: constants, `logits` and `infer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.arithmetic.tanh_table import tanh_table
from rlsys_rust_q10.source.scorer import scorer_functions
from rlsys_rust_q10.source.stack import stack_functions
from rlsys_rust_q10.source.text import comment, string
from rlsys_rust_q10.source.weights import uses_tanh


def library_source(
    policy: QuantisedPolicy, provenance: Mapping[str, Any], workload: bool = False
) -> str:
    """Return the text of ``lib.rs``.

    Args:
        provenance: where the policy comes from, for the header.
        workload: whether the crate has a module ``workload``.
    """
    body = scorer_functions(policy) if policy.scorer else stack_functions(policy)
    modules = ["#[rustfmt::skip]\nmod weights;"]
    if workload:
        modules.append("pub mod workload;")
    parts = [
        _header(policy, provenance),
        "#![no_std]\n#![forbid(unsafe_code)]\n#![warn(missing_docs)]",
        "\n".join(modules),
        *_imports(policy),
        *_constants(policy),
        *body,
    ]
    return "\n\n".join(parts) + "\n"


def _header(policy: QuantisedPolicy, provenance: Mapping[str, Any]) -> str:
    origin = ", ".join(f"{key} {value}" for key, value in provenance.items() if value != "")
    masked = ", under an action mask" if policy.masked else ""
    return comment(
        f"A trained policy in fixed point{f': {origin}' if origin else ''}.\n\n"
        f"Every number is a multiple of 2^-{policy.bits}; {policy.shape_text}, "
        f"{policy.decoding.kind}{masked}. Generated: change the network and export it again."
    )


def _imports(policy: QuantisedPolicy) -> list[str]:
    names = {_KINDS[layer.activation] for layer in policy.layers}
    if policy.decoding.kind == "tanh":
        names |= {"Activation", "Tanh"}
    if "narrow" in policy.kernels:
        names.add("Quad")
    # rustfmt wants them sorted, and a single one without braces.
    joined = ", ".join(sorted(names))
    return [f"use q10::{{{joined}}};" if len(names) > 1 else f"use q10::{joined};"]


_KINDS = {"linear": "Linear", "relu": "Relu", "tanh": "Tanh"}


def _constants(policy: QuantisedPolicy) -> list[str]:
    lines = [
        _constant("BITS", "u32", policy.bits, "Fractional bits of every number."),
    ]
    if policy.scorer:
        lines += [
            _constant("FEATURES", "usize", policy.features, "Observed values of one item."),
            _constant("MAX_ITEMS", "usize", policy.max_items, "The most items."),
            _constant("REST", "usize", policy.outputs, "Actions that belong to no item."),
            _constant("OUTPUTS", "usize", "MAX_ITEMS + REST", "The most logits."),
        ]
    else:
        lines += [
            _constant("INPUTS", "usize", policy.features, "Observed values."),
            _constant("OUTPUTS", "usize", policy.outputs, "Logits."),
        ]
    actions = "OUTPUTS" if policy.decoding.kind in ("argmax", "multi-argmax") else 0
    lines += [
        _constant("ACTIONS", "usize", actions, "Discrete actions."),
        _constant("SHAPE", "&str", string(policy.shape_text), "Widths of the layers."),
        _constant("KERNELS", "&str", string(" ".join(policy.kernels)), "Kernels, in order."),
    ]
    parts = ["\n".join(lines)]
    if uses_tanh(policy):
        table = tanh_table(policy.bits)
        parts.append(
            f"const TANH: Tanh<{'i16' if table.narrow else 'i32'}> = Tanh {{\n"
            f"    table: &weights::TANH,\n    bits: BITS,\n    step_bits: {table.step_bits},\n}};"
        )
    return parts


def _constant(name: str, kind: str, value: Any, about: str) -> str:
    line = f"pub const {name}: {kind} = {value};"
    if len(line) > 100:
        line = f"pub const {name}: {kind} =\n    {value};"
    return f"/// {about}\n{line}"
