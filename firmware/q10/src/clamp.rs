//! Bringing observations into the bounds for which overflow has been excluded.

use crate::quad::{quad_of, Quad};

/// Writes `input`, each value clamped to its bounds, and zeros into the rest of `output`.
///
/// # Panics
///
/// Panics if the lengths of input and bounds differ, or `output` is shorter.
#[inline(always)]
pub fn clamp(input: &[i32], low: &[i32], high: &[i32], output: &mut [i32]) {
    check(input, low, high, output.len());
    let one = |i: usize| within(input[i], low[i], high[i]);
    let (used, padding) = output.split_at_mut(input.len());
    let (blocks, rest) = used.as_chunks_mut::<4>();
    let mut i = 0;
    for block in blocks {
        *block = [one(i), one(i + 1), one(i + 2), one(i + 3)];
        i += 4;
    }
    for value in rest {
        *value = one(i);
        i += 1;
    }
    padding.fill(0);
}

/// As [`clamp`], into quads. Bounds must fit `i16`.
///
/// # Panics
///
/// Panics if the lengths of input and bounds differ, or `output` is shorter.
#[inline(always)]
pub fn clamp_pack(input: &[i32], low: &[i32], high: &[i32], output: &mut [Quad]) {
    check(input, low, high, 4 * output.len());
    let one = |i: usize| within(input[i], low[i], high[i]);
    let whole = input.len() / 4;
    let mut block = 0;
    while block < whole {
        let i = 4 * block;
        output[block] = quad_of([one(i), one(i + 1), one(i + 2), one(i + 3)]);
        block += 1;
    }
    let mut last = [0; 4];
    let mut i = 4 * whole;
    while i < input.len() {
        last[i % 4] = one(i);
        i += 1;
    }
    while block < output.len() {
        output[block] = quad_of(last);
        last = [0; 4];
        block += 1;
    }
}

#[inline(always)]
fn check(input: &[i32], low: &[i32], high: &[i32], room: usize) {
    assert!(
        low.len() == input.len() && high.len() == input.len(),
        "clamp: one pair of bounds for each input"
    );
    assert!(
        room >= input.len(),
        "clamp: the output is shorter than the input"
    );
}

#[inline(always)]
fn within(value: i32, low: i32, high: i32) -> i32 {
    // Not i32::clamp: it checks the order of its bounds at every call.
    value.max(low).min(high)
}
