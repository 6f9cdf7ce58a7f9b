/// What the policy observes.
pub type Input = [[i32; FEATURES]];
/// Which actions it may choose.
pub type Mask = [bool];

/// Returns `values` as the policy takes them.
pub fn as_input(values: &[i32]) -> &Input {
    values.as_chunks().0
}

/// Returns `flags` as the policy takes them.
pub fn as_mask(flags: &[bool]) -> &Mask {
    flags
}

/// Writes the logits of `input`.
pub fn write_logits(input: &Input, output: &mut [i32]) {
    crate::logits(input, output);
}
