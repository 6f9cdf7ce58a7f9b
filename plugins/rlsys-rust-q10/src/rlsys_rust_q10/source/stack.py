"""Rust functions of a policy that reads the whole observation: `logits` and `infer`."""

from __future__ import annotations

from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.source.chain import OUTPUT, clamped, run_chain
from rlsys_rust_q10.source.template import fill
from rlsys_rust_q10.source.text import counted_from
from rlsys_rust_q10.source.weights import padded


def stack_functions(policy: QuantisedPolicy) -> list[str]:
    """Return `logits` and `infer`."""
    layers = policy.groups["layers"]
    whole = padded(policy.outputs) == policy.outputs
    logits = fill(
        "stack/logits.rs",
        layers=run_chain("layers", layers, padded(policy.features), clamped("observation")),
        result=OUTPUT if whole else f"core::array::from_fn(|i| {OUTPUT}[i])",
    )
    return [logits, _infer(policy)]


def _infer(policy: QuantisedPolicy) -> str:
    kind = policy.decoding.kind
    masked = "_masked" if policy.masked else ""
    if kind == "argmax":
        return fill(f"stack/argmax{masked}.rs", start=counted_from(policy.decoding.start))
    if kind == "multi-argmax":
        count, groups = len(policy.decoding.sizes), _groups(policy)
        return fill(f"stack/multi_argmax{masked}.rs", count=count, groups=groups)
    return fill(f"stack/{kind}.rs", outputs=policy.outputs)


def _groups(policy: QuantisedPolicy) -> str:
    """Return the array with the best action of each group."""
    best = []
    begin = 0
    for size in policy.decoding.sizes:
        part = f"{begin}..{begin + size}"
        best.append(
            f"q10::argmax_masked(&logits[{part}], &mask[{part}])"
            if policy.masked
            else f"q10::argmax(&logits[{part}])"
        )
        begin += size
    if len(best) == 1:
        return f"[{best[0]}]"
    return "\n".join(["[", *(f"    {one}," for one in best), "]"])
