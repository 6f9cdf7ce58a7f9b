/// Returns the best action that the mask allows, the lowest of equals; the first where nothing is
/// allowed.
#[inline(never)]
pub fn infer(observation: &[i32; INPUTS], mask: &[bool; ACTIONS]) -> usize {
    ${start}q10::argmax_masked(&logits(observation), mask)
}
