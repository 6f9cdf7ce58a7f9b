/// Returns the logits of an observation, before mask and decoding.
#[inline(never)]
pub fn logits(observation: &[i32; INPUTS]) -> [i32; OUTPUTS] {
    $layers
    $result
}
