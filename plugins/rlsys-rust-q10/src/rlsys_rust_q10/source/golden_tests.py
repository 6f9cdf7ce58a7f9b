"""``tests/golden.rs`` of the generated crate: every golden vector, wherever `cargo test` runs."""

from __future__ import annotations

from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.checks import golden

_READER = """\
/// The numbers of the file, read from front to back.
struct Words(std::vec::IntoIter<i32>);

impl Words {
    fn open() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/vectors.bin");
        let bytes = std::fs::read(path).expect("golden/vectors.bin lies beside this crate");
        let (words, rest) = bytes.as_chunks::<4>();
        assert!(rest.is_empty(), "golden vectors: torn file");
        let words: Vec<i32> = words.iter().map(|&word| i32::from_le_bytes(word)).collect();
        Words(words.into_iter())
    }

    fn take(&mut self, count: usize) -> Vec<i32> {
        let words: Vec<i32> = self.0.by_ref().take(count).collect();
        assert_eq!(words.len(), count, "golden vectors: torn file");
        words
    }
"""

_MASK = """
    fn mask(&mut self, count: usize) -> Vec<bool> {
        self.take(count).into_iter().map(|flag| flag != 0).collect()
    }
"""

_TOO_MANY = """
#[test]
#[should_panic(expected = "more than MAX_ITEMS items")]
fn refuses_too_many_items() {
    policy::logits(&[[0; FEATURES]; MAX_ITEMS + 1], &mut [0; OUTPUTS + 1]);
}
"""


def golden_test_source(policy: QuantisedPolicy) -> str:
    """Return the text of ``golden.rs``."""
    names = ["FEATURES", "MAX_ITEMS", "OUTPUTS", "REST"] if policy.scorer else ["INPUTS", "OUTPUTS"]
    if policy.masked and not policy.scorer:
        names.insert(0, "ACTIONS")
    widths = ("FEATURES", "REST") if policy.scorer else ("INPUTS", "OUTPUTS")
    kind = f"{int(policy.scorer)}, {widths[0]} as i32, {widths[1]} as i32"
    actions = "0" if not policy.masked else "1" if policy.scorer else "ACTIONS as i32"
    reader = _READER + (_MASK if policy.masked else "") + "}\n"
    steps = _scorer_steps(policy) if policy.scorer else _stack_steps(policy)
    body = "\n".join(f"        {line}" for line in steps)
    return (
        "//! Compares the policy with the reference on every golden vector. Generated.\n\n"
        f"use policy::{{{', '.join(names)}}};\n\n"
        f"{reader}\n"
        "#[test]\n"
        "fn equals_the_reference_on_every_golden_vector() {\n"
        "    let mut words = Words::open();\n"
        "    let header = words.take(7);\n"
        f"    assert_eq!(header[..2], [0x{golden.MAGIC:X}, {golden.VERSION}]);\n"
        f"    let form = [{kind}, {actions}];\n"
        "    assert_eq!(header[3..], form);\n"
        "    for vector in 0..header[2] {\n"
        f"{body}\n"
        "    }\n"
        '    assert_eq!(words.0.len(), 0, "golden vectors: torn file");\n'
        "}\n" + (_TOO_MANY if policy.scorer else "")
    )


def _stack_steps(policy: QuantisedPolicy) -> list[str]:
    lines = ["let observation: [i32; INPUTS] = words.take(INPUTS).try_into().unwrap();"]
    arguments = "&observation"
    if policy.masked:
        lines.append("let mask: [bool; ACTIONS] = words.mask(ACTIONS).try_into().unwrap();")
        arguments += ", &mask"
    lines += [
        "let logits = words.take(OUTPUTS);",
        f"let action = words.take({policy.decisions});",
        "let computed = policy::logits(&observation);",
        'assert_eq!(computed[..], logits, "logits of vector {vector}");',
        f"let decided = policy::infer({arguments});",
    ]
    if policy.decoding.kind == "argmax":
        lines.append('assert_eq!([decided as i32], action[..], "action of vector {vector}");')
    elif policy.decoding.kind == "multi-argmax":
        lines += [
            "let decided = decided.map(|index| index as i32);",
            'assert_eq!(decided[..], action, "action of vector {vector}");',
        ]
    else:
        lines.append('assert_eq!(decided[..], action, "action of vector {vector}");')
    return lines


def _scorer_steps(policy: QuantisedPolicy) -> list[str]:
    lines = [
        "let count = words.take(1)[0] as usize;",
        "let values = words.take(count * FEATURES);",
        "let (items, _) = values.as_chunks::<FEATURES>();",
    ]
    arguments = "items"
    if policy.masked:
        lines.append("let mask = words.mask(count + REST);")
        arguments += ", &mask"
    return [
        *lines,
        "let logits = words.take(count + REST);",
        "let action = words.take(1);",
        "let mut computed = vec![0; count + REST];",
        "policy::logits(items, &mut computed);",
        'assert_eq!(computed, logits, "logits of vector {vector}");',
        f"let decided = policy::infer({arguments});",
        'assert_eq!([decided as i32], action[..], "action of vector {vector}");',
    ]
