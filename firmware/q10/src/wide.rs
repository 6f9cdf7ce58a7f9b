//! Dense layers with 32-bit weights and inputs, and 32-bit or 64-bit accumulators.
//!
//! Four rows are taken at a time, so that each input is loaded once for four neurons, and weights
//! lie in the order of use: for a matrix `W` with `R` rows and `C` columns, both multiples of
//! four, value `(g * C + c) * 4 + r` is `W[4 * g + r][c]`.

use crate::activation::Activation;
use crate::rounding::{start, start_64};

/// Computes one layer with 32-bit accumulators.
///
/// `weights` has a row as long as `input` for each of `biases`, in the module's order.
///
/// # Panics
///
/// Panics if the lengths do not agree: `biases.len() == output.len()` and
/// `weights.len() == biases.len() * input.len()`, all but the last a multiple of four.
#[inline(always)]
pub fn wide<const F: u32, A: Activation>(
    weights: &[i32],
    biases: &[i32],
    input: &[i32],
    activation: A,
    output: &mut [i32],
) {
    check(weights, biases, input, output);
    let (biases, _) = biases.as_chunks::<4>();
    let (output, _) = output.as_chunks_mut::<4>();
    let mut group = 0;
    while group < output.len() {
        let (_, tiles) = weights.split_at(4 * group * input.len());
        let (tiles, _) = tiles.split_at(4 * input.len());
        // Named sums, and one column a turn: optimized for size, the compiler keeps an array of
        // sums in memory, and of several columns it loads all weights before it uses the first.
        let mut sum_1 = start::<F>(biases[group][0]);
        let mut sum_2 = start::<F>(biases[group][1]);
        let mut sum_3 = start::<F>(biases[group][2]);
        let mut sum_4 = start::<F>(biases[group][3]);
        let (tiles, _) = tiles.as_chunks::<4>();
        for (&[a, b, c, d], &x) in tiles.iter().zip(input) {
            sum_1 = sum_1.wrapping_add(a.wrapping_mul(x));
            sum_2 = sum_2.wrapping_add(b.wrapping_mul(x));
            sum_3 = sum_3.wrapping_add(c.wrapping_mul(x));
            sum_4 = sum_4.wrapping_add(d.wrapping_mul(x));
        }
        output[group] = [
            activation.apply(sum_1 >> F),
            activation.apply(sum_2 >> F),
            activation.apply(sum_3 >> F),
            activation.apply(sum_4 >> F),
        ];
        group += 1;
    }
}

/// Computes one layer with 64-bit accumulators; otherwise as [`wide`]. Outputs must fit `i32`.
///
/// # Panics
///
/// Panics if the lengths do not agree, as in [`wide`].
#[inline(always)]
pub fn wide64<const F: u32, A: Activation>(
    weights: &[i32],
    biases: &[i32],
    input: &[i32],
    activation: A,
    output: &mut [i32],
) {
    check(weights, biases, input, output);
    let (biases, _) = biases.as_chunks::<4>();
    let (output, _) = output.as_chunks_mut::<4>();
    let mut group = 0;
    while group < output.len() {
        let (_, tiles) = weights.split_at(4 * group * input.len());
        let (tiles, _) = tiles.split_at(4 * input.len());
        let (tiles, _) = tiles.as_chunks::<4>();
        // A sum takes two registers, so two rows at a time.
        let (sum_1, sum_2) = two_rows::<F, 0>(tiles, input, &biases[group]);
        let (sum_3, sum_4) = two_rows::<F, 2>(tiles, input, &biases[group]);
        output[group] = [
            activation.apply((sum_1 >> F) as i32),
            activation.apply((sum_2 >> F) as i32),
            activation.apply((sum_3 >> F) as i32),
            activation.apply((sum_4 >> F) as i32),
        ];
        group += 1;
    }
}

/// Returns the sums of the rows `FIRST` and `FIRST + 1` of four.
#[inline(always)]
fn two_rows<const F: u32, const FIRST: usize>(
    tiles: &[[i32; 4]],
    input: &[i32],
    biases: &[i32; 4],
) -> (i64, i64) {
    let mut sum_1 = start_64::<F>(biases[FIRST]);
    let mut sum_2 = start_64::<F>(biases[FIRST + 1]);
    for (tile, &x) in tiles.iter().zip(input) {
        let x = i64::from(x);
        sum_1 = sum_1.wrapping_add(i64::from(tile[FIRST]) * x);
        sum_2 = sum_2.wrapping_add(i64::from(tile[FIRST + 1]) * x);
    }
    (sum_1, sum_2)
}

#[inline(always)]
fn check(weights: &[i32], biases: &[i32], input: &[i32], output: &[i32]) {
    assert!(
        !input.is_empty() && input.len().is_multiple_of(4),
        "wide layer: the number of inputs must be a multiple of four"
    );
    assert!(
        output.len() == biases.len() && output.len().is_multiple_of(4),
        "wide layer: outputs and biases must be equally many, a multiple of four"
    );
    assert!(
        weights.len() == biases.len() * input.len(),
        "wide layer: weights must be rows of the input's length, one a bias"
    );
}
