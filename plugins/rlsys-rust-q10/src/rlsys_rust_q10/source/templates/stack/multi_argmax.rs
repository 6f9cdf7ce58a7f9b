/// Returns the best action of each group, the lowest of equals.
#[inline(never)]
pub fn infer(observation: &[i32; INPUTS]) -> [usize; $count] {
    let logits = logits(observation);
    $groups
}
