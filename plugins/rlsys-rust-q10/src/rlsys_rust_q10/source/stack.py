"""Rust functions of a policy over the whole observation: `logits`, and `infer` by decoding."""

from __future__ import annotations

from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.source.chain import OUTPUT, clamped, run_chain
from rlsys_rust_q10.source.text import comment, started
from rlsys_rust_q10.source.weights import padded


def stack_functions(policy: QuantisedPolicy) -> list[str]:
    """Return `logits` and `infer`."""
    layers = policy.groups["layers"]
    body = run_chain("layers", layers, padded(policy.features), clamped("observation"))
    whole = padded(policy.outputs) == policy.outputs
    body.append(f"    {OUTPUT}" if whole else f"    core::array::from_fn(|i| {OUTPUT}[i])")
    logits = [
        "/// Returns the logits of an observation, before mask and decoding.",
        "#[inline(never)]",
        "pub fn logits(observation: &[i32; INPUTS]) -> [i32; OUTPUTS] {",
        *body,
        "}",
    ]
    return ["\n".join(logits), _infer(policy)]


def _infer(policy: QuantisedPolicy) -> str:
    kind = policy.decoding.kind
    result, about, lines = {
        "argmax": _argmax,
        "multi-argmax": _multi_argmax,
        "clip": _clip,
        "tanh": _squash,
    }[kind](policy)
    mask = ", mask: &[bool; ACTIONS]" if policy.masked else ""
    signature = f"pub fn infer(observation: &[i32; INPUTS]{mask}) -> {result} {{"
    return "\n".join(
        [comment(about, "///"), "#[inline(never)]", signature, *(f"    {x}" for x in lines), "}"]
    )


def _argmax(policy: QuantisedPolicy) -> tuple[str, str, list[str]]:
    if policy.masked:
        chosen = "q10::argmax_masked(&logits(observation), mask)"
        about = (
            "Returns the best action that the mask allows, the lowest of equals; the first where "
            "nothing is allowed."
        )
    else:
        chosen = "q10::argmax(&logits(observation))"
        about = "Returns the best action, the lowest of equals."
    return "usize", about, [started(policy.decoding.start, chosen)]


def _multi_argmax(policy: QuantisedPolicy) -> tuple[str, str, list[str]]:
    groups = []
    begin = 0
    for size in policy.decoding.sizes:
        part = f"{begin}..{begin + size}"
        groups.append(
            f"q10::argmax_masked(&logits[{part}], &mask[{part}])"
            if policy.masked
            else f"q10::argmax(&logits[{part}])"
        )
        begin += size
    allowed = " that the mask allows" if policy.masked else ""
    about = f"Returns the best action of each group{allowed}, the lowest of equals."
    lines = ["let logits = logits(observation);"]
    if len(groups) == 1:
        lines.append(f"[{groups[0]}]")
    else:
        lines += ["[", *(f"    {group}," for group in groups), "]"]
    return f"[usize; {len(groups)}]", about, lines


def _clip(policy: QuantisedPolicy) -> tuple[str, str, list[str]]:
    lines = [
        f"let mut action = [0; {policy.outputs}];",
        "q10::clamp(",
        "    &logits(observation),",
        "    &weights::ACTION_LOW,",
        "    &weights::ACTION_HIGH,",
        "    &mut action,",
        ");",
        "action",
    ]
    return "[i32; OUTPUTS]", "Returns the actions, clamped to their bounds.", lines


def _squash(_policy: QuantisedPolicy) -> tuple[str, str, list[str]]:
    lines = [
        "let one = 1 << BITS;",
        "let mut action = logits(observation);",
        "let bounds = weights::ACTION_LOW.iter().zip(&weights::ACTION_HIGH);",
        "for (value, (&low, &high)) in action.iter_mut().zip(bounds) {",
        "    let share = i64::from(TANH.apply(*value) + one);",
        "    let range = i64::from(high) - i64::from(low);",
        "    let above = (share * range + i64::from(one)) >> (BITS + 1);",
        "    *value = (i64::from(low) + above) as i32;",
        "}",
        "action",
    ]
    about = "Returns the actions: tanh of the outputs, scaled to their bounds."
    return "[i32; OUTPUTS]", about, lines
