"""``lib.rs`` of the generated policy crate: constants, `logits` and `infer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.arithmetic.tanh_table import tanh_table
from rlsys_rust_q10.source.scorer import scorer_functions
from rlsys_rust_q10.source.stack import stack_functions
from rlsys_rust_q10.source.template import fill
from rlsys_rust_q10.source.text import assigned, comment, string
from rlsys_rust_q10.source.weights import uses_tanh

_KINDS = {"linear": "Linear", "relu": "Relu", "tanh": "Tanh"}


def library_source(
    policy: QuantisedPolicy, provenance: Mapping[str, Any], workload: bool = False
) -> str:
    """Return the text of ``lib.rs``.

    Args:
        provenance: where the policy comes from, for the header.
        workload: whether the crate has a module ``workload``.
    """
    functions = scorer_functions(policy) if policy.scorer else stack_functions(policy)
    discrete = policy.decoding.kind in ("argmax", "multi-argmax")
    text = fill(
        "policy/lib.rs",
        about=_about(policy, provenance),
        workload="pub mod workload;" if workload else "",
        kinds=_kinds(policy),
        bits=policy.bits,
        sizes=_sizes(policy),
        actions="OUTPUTS" if discrete else "0",
        shape=assigned("pub const SHAPE: &str", string(policy.shape_text)),
        kernels=assigned("pub const KERNELS: &str", string(" ".join(policy.kernels))),
        tanh=_tanh(policy),
        functions="\n\n".join(functions),
    )
    return text + "\n"


def _about(policy: QuantisedPolicy, provenance: Mapping[str, Any]) -> str:
    origin = ", ".join(f"{key} {value}" for key, value in provenance.items() if value != "")
    masked = ", under an action mask" if policy.masked else ""
    return comment(
        f"A trained policy in fixed point{f': {origin}' if origin else ''}.\n\n"
        f"Every number is a multiple of 2^-{policy.bits}; {policy.shape_text}, "
        f"{policy.decoding.kind}{masked}. Generated: change the network and export it again."
    )


def _kinds(policy: QuantisedPolicy) -> str:
    """Return the types of q10 that the crate uses."""
    names = {_KINDS[layer.activation] for layer in policy.layers}
    if policy.decoding.kind == "tanh":
        names |= {"Activation", "Tanh"}
    if "narrow" in policy.kernels:
        names.add("Quad")
    # rustfmt wants them sorted, and a single one without braces.
    joined = ", ".join(sorted(names))
    return f"{{{joined}}}" if len(names) > 1 else joined


def _sizes(policy: QuantisedPolicy) -> str:
    return fill(
        f"policy/sizes_{'scorer' if policy.scorer else 'stack'}.rs",
        features=policy.features,
        max_items=policy.max_items,
        outputs=policy.outputs,
    )


def _tanh(policy: QuantisedPolicy) -> str:
    """Return the table's declaration and a blank line, or nothing."""
    if not uses_tanh(policy):
        return ""
    table = tanh_table(policy.bits)
    entry = "i16" if table.narrow else "i32"
    return fill("policy/tanh.rs", entry=entry, step_bits=table.step_bits) + "\n"
