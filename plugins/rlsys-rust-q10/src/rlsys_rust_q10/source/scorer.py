"""Rust functions of a policy with one logit an item: items to codes to a context to logits."""

from __future__ import annotations

from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.source.chain import (
    OUTPUT,
    Vector,
    clamped,
    form_for,
    run_chain,
    vector_type,
    zeros,
)
from rlsys_rust_q10.source.text import call, comment, started
from rlsys_rust_q10.source.weights import padded

_NOT_TOO_MANY = call(
    4, "assert!", ["items.len() <= MAX_ITEMS", '"policy: more than MAX_ITEMS items"']
)


def scorer_functions(policy: QuantisedPolicy) -> list[str]:
    """Return `logits`, `infer` and what they are made of."""
    groups = policy.groups
    code = padded(len(groups["encoder"][-1].bias))
    stored = form_for(groups["scorer"][0])
    store = "q10::pack(&words, code);" if stored == "quads" else "*code = words;"
    lines = [
        _NOT_TOO_MANY,
        "    assert!(",
        "        output.len() == items.len() + REST,",
        '        "policy: one logit for each item and each action of no item"',
        "    );",
        "    let (scores, rest) = output.split_at_mut(items.len());"
        if policy.outputs
        else "    let scores = output;",
        f"    let mut codes = [{zeros(stored, code)}; MAX_ITEMS];",
        f"    let mut context = {zeros('words', code)};",
        "    let mut count = 0;",
        "    for (item, code) in items.iter().zip(&mut codes) {",
        "        let present = item[0] > 0;",
        "        let words = encode(item);",
        "        q10::accumulate(&mut context, &words, present);",
        "        count += i32::from(present);",
        f"        {store}",
        "    }",
        "    q10::mean(&mut context, count.max(1));",
    ]
    shared = "&context"
    if stored == "quads":
        lines += [
            f"    let mut packed = {zeros('quads', code)};",
            "    q10::pack(&context, &mut packed);",
        ]
        shared = "&packed"
    lines += [
        "    for (code, score) in codes.iter().zip(scores) {",
        f"        *score = self::score(code, {shared});",
        "    }",
    ]
    if policy.outputs:
        others = "&others(&context)"
        lines.append(
            f"    rest.copy_from_slice({others});"
            if padded(policy.outputs) == policy.outputs
            else f"    rest.copy_from_slice({others}[..REST]);"
        )
    logits = (
        comment(
            "Writes the logits of the items, then those of the actions of no item, before mask and "
            "decoding. The first value of an item tells whether it is present.\n\n# Panics\n\n"
            "Panics if there are more than `MAX_ITEMS` items, or `output` is not as long as there "
            "are logits.",
            "///",
        )
        + "\n#[inline(never)]\npub fn logits(items: &[[i32; FEATURES]], output: &mut [i32]) {\n"
        + "\n".join(lines)
        + "\n}"
    )
    return [logits, _infer(policy), *_parts(policy)]


def _infer(policy: QuantisedPolicy) -> str:
    mask = ", mask: &[bool]" if policy.masked else ""
    chosen = "q10::argmax_masked(output, mask)" if policy.masked else "q10::argmax(output)"
    about = (
        f"Returns the best action{' that the mask allows' if policy.masked else ''}, the lowest of "
        "equals; those of no item follow the items.\n\n# Panics\n\nPanics if there are more than "
        "`MAX_ITEMS` items."
    )
    return (
        f"{comment(about, '///')}\n#[inline(never)]\n"
        f"pub fn infer(items: &[[i32; FEATURES]]{mask}) -> usize {{\n"
        f"{_NOT_TOO_MANY}\n"
        "    let mut output = [0; OUTPUTS];\n"
        "    let output = &mut output[..items.len() + REST];\n"
        "    logits(items, output);\n"
        f"    {started(policy.decoding.start, chosen)}\n}}"
    )


def _parts(policy: QuantisedPolicy) -> list[str]:
    """Return the private functions: item to code, code to logit, context to the rest."""
    groups = policy.groups
    code = padded(len(groups["encoder"][-1].bias))
    stored = vector_type(form_for(groups["scorer"][0]), code)
    words = vector_type("words", code)
    encode = _function(
        "Returns the code of an item.",
        f"encode(item: &[i32; FEATURES]) -> {words}",
        run_chain("encoder", groups["encoder"], padded(policy.features), clamped("item")),
        OUTPUT,
    )
    score = _function(
        "Returns the logit of an item.",
        f"score(code: &{stored}, context: &{stored}) -> i32",
        run_chain("scorer", groups["scorer"], 2 * code, _joined),
        f"{OUTPUT}[0]",
    )
    if not policy.outputs:
        return [encode, score]
    others = _function(
        "Returns the logits of the actions of no item.",
        f"others(context: &{words}) -> {vector_type('words', padded(policy.outputs))}",
        run_chain("rest", groups["rest"], code, _taken),
        OUTPUT,
    )
    return [encode, score, others]


def _joined(vector: Vector, _reference: str) -> list[str]:
    half, whole = vector.length // 2, vector.length
    return [
        f"    {vector.name}[..{half}].copy_from_slice(code);",
        f"    {vector.name}[{half}..{whole}].copy_from_slice(context);",
    ]


def _taken(vector: Vector, reference: str) -> list[str]:
    if vector.form == "quads":
        return [call(4, "q10::pack", ["context", reference])]
    return [f"    {vector.name}[..{vector.length}].copy_from_slice(context);"]


def _function(about: str, signature: str, body: list[str], result: str) -> str:
    return "\n".join([f"/// {about}", f"fn {signature} {{", *body, f"    {result}", "}"])
