/// Observed values.
pub const INPUTS: usize = $features;
/// Logits.
pub const OUTPUTS: usize = $outputs;
