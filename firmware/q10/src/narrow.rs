//! Dense layers with 16-bit weights and inputs and 32-bit accumulators.
//!
//! Four rows are taken at a time, so that each word of the input is loaded once for four neurons.
//! More would not fit the registers of a Cortex-M4; four also fill a quad of the output. Weights
//! lie in the order of use: for each four rows, the first quad of each, then the second of each,
//! and so on. For a matrix `W` with `R` rows and `C` columns, both multiples of four, quad
//! `(g * C / 4 + c) * 4 + r` holds `W[4 * g + r][4 * c ..][.. 4]`.

use crate::activation::Activation;
use crate::quad::{quad_of, Quad};
use crate::smlad::four_rows;

/// Computes one layer whose outputs fit `i16`.
///
/// `weights` has a row as long as `input` for each of `biases`, in the module's order.
///
/// # Panics
///
/// Panics if the lengths do not agree: `biases.len() == 4 * output.len()` and
/// `weights.len() == biases.len() * input.len()`.
#[inline(always)]
pub fn narrow<const F: u32, A: Activation>(
    weights: &[Quad],
    biases: &[i32],
    input: &[Quad],
    activation: A,
    output: &mut [Quad],
) {
    check(weights, biases, input, 4 * output.len());
    let mut group = 0;
    while group < output.len() {
        output[group] = quad_of(four_neurons::<F, A>(
            weights,
            biases,
            input,
            group,
            &activation,
        ));
        group += 1;
    }
}

/// Computes one layer whose outputs need `i32`; `output` has one value for each of `biases`.
///
/// # Panics
///
/// Panics if the lengths do not agree, as in [`narrow`].
#[inline(always)]
pub fn narrow_out<const F: u32, A: Activation>(
    weights: &[Quad],
    biases: &[i32],
    input: &[Quad],
    activation: A,
    output: &mut [i32],
) {
    check(weights, biases, input, output.len());
    let (output, _) = output.as_chunks_mut::<4>();
    let mut group = 0;
    while group < output.len() {
        output[group] = four_neurons::<F, A>(weights, biases, input, group, &activation);
        group += 1;
    }
}

#[inline(always)]
fn check(weights: &[Quad], biases: &[i32], input: &[Quad], outputs: usize) {
    assert!(!input.is_empty(), "narrow layer: no input");
    assert!(
        outputs == biases.len() && outputs.is_multiple_of(4),
        "narrow layer: outputs and biases must be equally many, a multiple of four"
    );
    assert!(
        weights.len() == biases.len() * input.len(),
        "narrow layer: weights must be rows of the input's length, one a bias"
    );
}

#[inline(always)]
fn four_neurons<const F: u32, A: Activation>(
    weights: &[Quad],
    biases: &[i32],
    input: &[Quad],
    group: usize,
    activation: &A,
) -> [i32; 4] {
    let (_, tiles) = weights.split_at(4 * group * input.len());
    let (tiles, _) = tiles.split_at(4 * input.len());
    let (biases, _) = biases.as_chunks::<4>();
    let [a, b, c, d] = four_rows::<F>(tiles, input, biases[group]);
    [
        activation.apply(a >> F),
        activation.apply(b >> F),
        activation.apply(c >> F),
        activation.apply(d >> F),
    ]
}
