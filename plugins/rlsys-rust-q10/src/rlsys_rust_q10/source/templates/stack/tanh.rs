/// Returns the actions: tanh of the outputs, scaled to their bounds.
#[inline(never)]
pub fn infer(observation: &[i32; INPUTS]) -> [i32; OUTPUTS] {
    let one = 1 << BITS;
    let mut action = logits(observation);
    let bounds = weights::ACTION_LOW.iter().zip(&weights::ACTION_HIGH);
    for (value, (&low, &high)) in action.iter_mut().zip(bounds) {
        let share = i64::from(TANH.apply(*value) + one);
        let range = i64::from(high) - i64::from(low);
        let above = (share * range + i64::from(one)) >> (BITS + 1);
        *value = (i64::from(low) + above) as i32;
    }
    action
}
