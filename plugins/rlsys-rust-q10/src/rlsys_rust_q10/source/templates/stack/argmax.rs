/// Returns the best action, the lowest of equals.
#[inline(never)]
pub fn infer(observation: &[i32; INPUTS]) -> usize {
    ${start}q10::argmax(&logits(observation))
}
