//! Every kernel computes a layer as it is defined, up to the bounds of its accumulator.

mod common;

use common::{layer, narrow_order, quads, wide_order, words, Random};
use q10::{narrow, narrow_out, unpack, wide, wide64, Activation, Linear, Quad, Relu};

/// Weights, biases and inputs at the bounds for which an accumulator of `width` bits just holds.
struct Case {
    columns: usize,
    weights: Vec<i64>,
    biases: Vec<i64>,
    input: Vec<i64>,
}

impl Case {
    fn draw(random: &mut Random, bits: u32, width: u32, largest: i64) -> Case {
        let columns = 4 * random.within(1, 9) as usize;
        let rows = 4 * random.within(1, 4) as usize;
        // The absolute bound: columns * weight * input + bias * 2^bits + half < 2^(width - 1).
        let most = (1_i128 << (width - 1)) - 1 - (1 << bits);
        let most_bias = (most / 4) >> bits;
        let budget = (most - (most_bias << bits)) / columns as i128;
        let weight = random.within(1, largest.min(budget as i64));
        let input = largest.min((budget / i128::from(weight)) as i64);
        Case {
            columns,
            weights: random.spread(weight, rows * columns),
            biases: random.spread(most_bias.min(1 << 30) as i64, rows),
            input: random.spread(input, columns),
        }
    }
}

fn check_narrow<const F: u32, A: Activation + Copy>(activation: A, random: &mut Random) {
    let case = Case::draw(random, F, 32, i16::MAX.into());
    let expected = layer(&case.weights, &case.biases, &case.input, F, &activation);
    let weights = narrow_order(&case.weights, case.columns);
    let biases = words(&case.biases);
    let input = quads(&case.input);
    let mut output = vec![0; biases.len()];
    narrow_out::<F, A>(&weights, &biases, &input, activation, &mut output);
    assert_eq!(output, expected, "narrow_out, {F} bits");
}

fn check_packed<const F: u32, A: Activation + Copy>(activation: A, random: &mut Random) {
    // Outputs must fit i16, so sums reach 2^(15 + F).
    let case = Case::draw(random, F, 15 + F, i16::MAX.into());
    let expected = layer(&case.weights, &case.biases, &case.input, F, &activation);
    let weights = narrow_order(&case.weights, case.columns);
    let biases = words(&case.biases);
    let mut packed = vec![Quad::ZERO; biases.len() / 4];
    let input = quads(&case.input);
    narrow::<F, A>(&weights, &biases, &input, activation, &mut packed);
    let mut output = vec![0; biases.len()];
    unpack(&packed, &mut output);
    assert_eq!(output, expected, "narrow, {F} bits");
}

fn check_wide<const F: u32, A: Activation + Copy>(activation: A, random: &mut Random) {
    let case = Case::draw(random, F, 32, 1 << 30);
    let expected = layer(&case.weights, &case.biases, &case.input, F, &activation);
    let weights = wide_order(&case.weights, case.columns);
    let mut output = vec![0; case.biases.len()];
    let biases = words(&case.biases);
    let input = words(&case.input);
    wide::<F, A>(&weights, &biases, &input, activation, &mut output);
    assert_eq!(output, expected, "wide, {F} bits");
}

fn check_wide64<const F: u32, A: Activation + Copy>(activation: A, random: &mut Random) {
    // Outputs must fit i32, so sums reach 2^(31 + F).
    let case = Case::draw(random, F, 31 + F, 1 << 30);
    let expected = layer(&case.weights, &case.biases, &case.input, F, &activation);
    let weights = wide_order(&case.weights, case.columns);
    let mut output = vec![0; case.biases.len()];
    let biases = words(&case.biases);
    let input = words(&case.input);
    wide64::<F, A>(&weights, &biases, &input, activation, &mut output);
    assert_eq!(output, expected, "wide64, {F} bits");
}

macro_rules! each_width {
    ($check:ident, $random:expr, $($bits:literal),+) => {
        for _ in 0..500 {
            $($check::<$bits, _>(Linear, &mut $random);
            $check::<$bits, _>(Relu, &mut $random);)+
        }
    };
}

#[test]
fn narrow_layers_are_exact() {
    let mut random = Random::new(1);
    each_width!(check_narrow, random, 4, 10, 20);
    each_width!(check_packed, random, 4, 10, 16);
}

#[test]
fn wide_layers_are_exact() {
    let mut random = Random::new(2);
    each_width!(check_wide, random, 4, 10, 20);
}

#[test]
fn wide64_layers_are_exact() {
    let mut random = Random::new(3);
    each_width!(check_wide64, random, 4, 10, 20);
}

/// One neuron with one weight of 1: it computes `floor(x / 2^F + 1/2)`.
fn rounded(x: i32) -> [i32; 3] {
    let one = [1, 0, 0, 0].map(i64::from);
    let mut weights = vec![0; 16];
    weights[..4].copy_from_slice(&one);
    let input = [i64::from(x), 0, 0, 0];
    let mut output = [[0; 4]; 3];
    let narrow_weights = narrow_order(&weights, 4);
    let wide_weights = wide_order(&weights, 4);
    narrow_out::<4, _>(
        &narrow_weights,
        &[0; 4],
        &quads(&input),
        Linear,
        &mut output[0],
    );
    wide::<4, _>(
        &wide_weights,
        &[0; 4],
        &words(&input),
        Linear,
        &mut output[1],
    );
    wide64::<4, _>(
        &wide_weights,
        &[0; 4],
        &words(&input),
        Linear,
        &mut output[2],
    );
    output.map(|values| values[0])
}

#[test]
fn ties_round_up_for_either_sign() {
    // In sixteenths: 8 is a half, 24 one and a half.
    for (x, expected) in [
        (7, 0),
        (8, 1),
        (24, 2),
        (-7, 0),
        (-8, 0),
        (-9, -1),
        (-23, -1),
        (-24, -1),
        (-25, -2),
    ] {
        assert_eq!(rounded(x), [expected; 3], "{x} / 16");
    }
}

#[test]
fn relu_is_zero_below_zero_only() {
    for y in [i32::MIN, -1, 0, 1, i32::MAX] {
        assert_eq!(Relu.apply(y), y.max(0));
        assert_eq!(Linear.apply(y), y);
    }
}

#[test]
#[should_panic(expected = "weights must be rows of the input's length")]
fn a_narrow_layer_with_a_missing_row_is_refused() {
    narrow_out::<10, _>(
        &[Quad::ZERO; 3],
        &[0; 4],
        &[Quad::ZERO],
        Linear,
        &mut [0; 4],
    );
}

#[test]
#[should_panic(expected = "outputs and biases must be equally many")]
fn a_wide_layer_with_a_missing_output_is_refused() {
    wide::<10, _>(&[0; 32], &[0; 8], &[0; 4], Linear, &mut [0; 4]);
}
