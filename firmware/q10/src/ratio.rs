//! Ratios of whole numbers, from which observations are built.

/// Returns `numerator / denominator` with `bits` fractional bits, rounded half up:
/// `floor((2 * numerator * 2^bits + denominator) / (2 * denominator))`.
///
/// A result beyond `i32` becomes the nearest `i32`.
///
/// # Panics
///
/// Panics if `denominator` is less than 1 or `bits` is more than 28.
pub fn ratio(numerator: i32, denominator: i32, bits: u32) -> i32 {
    assert!(
        denominator >= 1,
        "ratio: the denominator must be at least 1"
    );
    assert!(bits <= 28, "ratio: at most 28 fractional bits");
    // In ticks of a schedule both are small, and a Cortex-M4 divides 32 bits in one instruction.
    if numerator.unsigned_abs() < 1 << (29 - bits) && denominator < 1 << 30 {
        return floor_divide((numerator << (bits + 1)) + denominator, 2 * denominator);
    }
    let raised = (i64::from(numerator) << (bits + 1)) + i64::from(denominator);
    raised
        .div_euclid(2 * i64::from(denominator))
        .clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

#[inline(always)]
fn floor_divide(numerator: i32, denominator: i32) -> i32 {
    let towards_zero = numerator / denominator;
    towards_zero + ((numerator - towards_zero * denominator) >> 31)
}
