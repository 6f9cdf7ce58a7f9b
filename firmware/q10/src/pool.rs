//! The pooled context of a network that is shared over items: the mean of the items' codes.

/// Adds `code` to `sums` if the item is `present`, in the same number of instructions if not.
///
/// # Panics
///
/// Panics if the lengths differ.
#[inline(always)]
pub fn accumulate(sums: &mut [i32], code: &[i32], present: bool) {
    assert!(
        sums.len() == code.len(),
        "pool: one sum for each value of a code"
    );
    let keep = -i32::from(present);
    for (sum, &value) in sums.iter_mut().zip(code) {
        *sum = sum.wrapping_add(value & keep);
    }
}

/// Divides each of `sums` by `count`, rounding half up: `floor((2 * sum + count) / (2 * count))`.
///
/// `sum + count / 2` must fit `i32`.
///
/// # Panics
///
/// Panics if `count` is less than 1.
#[inline(always)]
pub fn mean(sums: &mut [i32], count: i32) {
    assert!(count >= 1, "pool: the mean of no items");
    for sum in sums {
        // The same number without doubling: count / 2 loses half a unit where count is odd, and
        // the sums are whole.
        let raised = sum.wrapping_add(count >> 1);
        let towards_zero = raised / count;
        let rest = raised - towards_zero * count;
        *sum = towards_zero + (rest >> 31);
    }
}
