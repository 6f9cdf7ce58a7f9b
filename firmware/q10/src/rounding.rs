//! The one rounding rule: half up, towards plus infinity, for negative numbers too.

/// Returns what an accumulator starts from: the bias at full width and the half that makes the
/// final shift, which rounds down, round half up.
#[inline(always)]
pub(crate) const fn start<const F: u32>(bias: i32) -> i32 {
    const { assert!(F >= 1 && F <= 30, "fractional bits must be 1..=30") };
    (bias << F).wrapping_add(1 << (F - 1))
}

/// [`start`] for an accumulator of 64 bits.
#[inline(always)]
pub(crate) const fn start_64<const F: u32>(bias: i32) -> i64 {
    const { assert!(F >= 1 && F <= 30, "fractional bits must be 1..=30") };
    ((bias as i64) << F) + (1 << (F - 1))
}
