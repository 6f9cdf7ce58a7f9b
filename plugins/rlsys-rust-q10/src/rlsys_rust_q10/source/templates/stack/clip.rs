/// Returns the actions, clamped to their bounds.
#[inline(never)]
pub fn infer(observation: &[i32; INPUTS]) -> [i32; OUTPUTS] {
    let mut action = [0; $outputs];
    q10::clamp(
        &logits(observation),
        &weights::ACTION_LOW,
        &weights::ACTION_HIGH,
        &mut action,
    );
    action
}
