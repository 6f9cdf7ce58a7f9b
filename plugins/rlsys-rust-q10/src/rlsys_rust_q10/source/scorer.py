"""Rust functions of a policy with one logit per item: from items to codes, context and logits."""

from __future__ import annotations

from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.source.chain import (
    Vector,
    clamped,
    form_for,
    run_chain,
    vector_type,
    zeros,
)
from rlsys_rust_q10.source.template import fill
from rlsys_rust_q10.source.text import call, comment, counted_from
from rlsys_rust_q10.source.weights import padded


def scorer_functions(policy: QuantisedPolicy) -> list[str]:
    """Return `logits`, `infer` and their private functions."""
    return [_logits(policy), _infer(policy), *_parts(policy)]


def _logits(policy: QuantisedPolicy) -> str:
    groups = policy.groups
    code = padded(len(groups["encoder"][-1].bias))
    stored = form_for(groups["scorer"][0])
    quads = stored == "quads"
    pack = f"let mut packed = {zeros('quads', code)};\nq10::pack(&context, &mut packed);"
    split = "let (scores, rest) = output.split_at_mut(items.len());"
    return fill(
        "scorer/logits.rs",
        split=split if policy.outputs else "let scores = output;",
        stored=zeros(stored, code),
        context=zeros("words", code),
        store="q10::pack(&words, code);" if quads else "*code = words;",
        pack=pack if quads else "",
        shared="&packed" if quads else "&context",
        rest=_rest(policy),
    )


def _rest(policy: QuantisedPolicy) -> str:
    """Return the statement that writes the logits of actions without an item, if there are any."""
    if not policy.outputs:
        return ""
    part = "" if padded(policy.outputs) == policy.outputs else "[..REST]"
    return f"rest.copy_from_slice(&others(&context){part});"


def _infer(policy: QuantisedPolicy) -> str:
    allowed = " that the mask allows" if policy.masked else ""
    about = f"Returns the best action{allowed}, the lowest of equals; those of no item follow the "
    return fill(
        "scorer/infer.rs",
        returns=comment(about + "items.", "///"),
        mask=", mask: &[bool]" if policy.masked else "",
        start=counted_from(policy.decoding.start),
        argmax="argmax_masked(output, mask)" if policy.masked else "argmax(output)",
    )


def _parts(policy: QuantisedPolicy) -> list[str]:
    """Return the private functions: from item to code, code to logit, context to the rest."""
    groups = policy.groups
    code = padded(len(groups["encoder"][-1].bias))
    words = vector_type("words", code)
    encode = fill(
        "scorer/encode.rs",
        code=words,
        layers=run_chain("encoder", groups["encoder"], padded(policy.features), clamped("item")),
    )
    score = fill(
        "scorer/score.rs",
        code=vector_type(form_for(groups["scorer"][0]), code),
        layers=run_chain("scorer", groups["scorer"], 2 * code, _joined),
    )
    if not policy.outputs:
        return [encode, score]
    others = fill(
        "scorer/others.rs",
        code=words,
        logits=vector_type("words", padded(policy.outputs)),
        layers=run_chain("rest", groups["rest"], code, _taken),
    )
    return [encode, score, others]


def _joined(vector: Vector, _reference: str) -> list[str]:
    half, whole = vector.length // 2, vector.length
    return [
        f"{vector.name}[..{half}].copy_from_slice(code);",
        f"{vector.name}[{half}..{whole}].copy_from_slice(context);",
    ]


def _taken(vector: Vector, reference: str) -> list[str]:
    if vector.form == "quads":
        return [call("q10::pack", ["context", reference])]
    return [f"{vector.name}[..{vector.length}].copy_from_slice(context);"]
