/// Returns the best action of each group that the mask allows, the lowest of equals.
#[inline(never)]
pub fn infer(observation: &[i32; INPUTS], mask: &[bool; ACTIONS]) -> [usize; $count] {
    let logits = logits(observation);
    $groups
}
