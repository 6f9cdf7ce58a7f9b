$returns
///
/// # Panics
///
/// Panics if there are more than `MAX_ITEMS` items.
#[inline(never)]
pub fn infer(items: &[[i32; FEATURES]]$mask) -> usize {
    assert!(
        items.len() <= MAX_ITEMS,
        "policy: more than MAX_ITEMS items",
    );
    let mut output = [0; OUTPUTS];
    let output = &mut output[..items.len() + REST];
    logits(items, output);
    ${start}q10::$argmax
}
