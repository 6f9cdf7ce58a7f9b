"""``tests/golden.rs`` of the generated crate: `cargo test` checks every golden vector."""

from __future__ import annotations

from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.checks import golden
from rlsys_rust_q10.source.template import fill


def golden_test_source(policy: QuantisedPolicy) -> str:
    """Return the text of ``golden.rs``."""
    text = fill(
        "golden/test.rs",
        magic=f"0x{golden.MAGIC:X}",
        version=golden.VERSION,
        read_mask=fill("golden/read_mask.rs") if policy.masked else "",
        more_tests=fill("golden/too_many_items.rs") if policy.scorer else "",
        **(_scorer_holes(policy) if policy.scorer else _stack_holes(policy)),
    )
    return text + "\n"


def _stack_holes(policy: QuantisedPolicy) -> dict[str, str]:
    compare_action = 'assert_eq!(decided[..], action, "action of vector {vector}");'
    if policy.decoding.kind == "argmax":
        compare_action = 'assert_eq!([decided as i32], action[..], "action of vector {vector}");'
    elif policy.decoding.kind == "multi-argmax":
        indices = "let decided = decided.map(|index| index as i32);"
        compare_action = f"{indices}\n{compare_action}"
    mask = "let mask: [bool; ACTIONS] = words.mask(ACTIONS).try_into().unwrap();"
    compare = fill(
        "golden/stack.rs",
        mask=mask if policy.masked else "",
        decisions=policy.decisions,
        arguments="&observation, &mask" if policy.masked else "&observation",
        compare_action=compare_action,
    )
    actions = "ACTIONS as i32" if policy.masked else "0"
    return {
        "names": "ACTIONS, INPUTS, OUTPUTS" if policy.masked else "INPUTS, OUTPUTS",
        "form": f"0, INPUTS as i32, OUTPUTS as i32, {actions}",
        "compare": compare,
    }


def _scorer_holes(policy: QuantisedPolicy) -> dict[str, str]:
    compare = fill(
        "golden/scorer.rs",
        mask="let mask = words.mask(count + REST);" if policy.masked else "",
        arguments="items, &mask" if policy.masked else "items",
    )
    return {
        "names": "FEATURES, MAX_ITEMS, OUTPUTS, REST",
        "form": f"1, FEATURES as i32, REST as i32, {int(policy.masked)}",
        "compare": compare,
    }
