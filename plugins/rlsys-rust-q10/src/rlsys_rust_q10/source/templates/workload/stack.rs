/// What the policy observes.
pub type Input = [i32; INPUTS];
/// Which actions it may choose.
pub type Mask = [bool; ACTIONS];

/// Returns `values` as the policy takes them.
pub fn as_input(values: &[i32]) -> &Input {
    values.try_into().expect("policy: INPUTS values")
}

/// Returns `flags` as the policy takes them.
pub fn as_mask(flags: &[bool]) -> &Mask {
    flags.try_into().expect("policy: ACTIONS flags")
}

/// Writes the logits of `input`.
pub fn write_logits(input: &Input, output: &mut [i32]) {
    output.copy_from_slice(&crate::logits(input));
}
