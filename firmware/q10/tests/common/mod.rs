//! What the tests share: random numbers and the definitions, without any of the crate's tricks.

#![allow(dead_code)] // each test file uses a part

use q10::{Activation, Quad};

/// Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number in `low..=high`.
    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        let span = (high - low) as u128 + 1;
        low + (u128::from(self.word()) % span) as i64
    }

    /// Numbers in `-most..=most`, the bounds more often than others.
    pub fn spread(&mut self, most: i64, count: usize) -> Vec<i64> {
        (0..count)
            .map(|_| match self.word() % 8 {
                0 => most,
                1 => -most,
                _ => self.within(-most, most),
            })
            .collect()
    }
}

/// A layer as it is defined: row-major weights, sums of any width, floor by division.
pub fn layer(
    weights: &[i64],
    biases: &[i64],
    input: &[i64],
    bits: u32,
    activation: &impl Activation,
) -> Vec<i32> {
    let one = 1_i128 << bits;
    let rows = weights.chunks_exact(input.len());
    rows.zip(biases)
        .map(|(row, &bias)| {
            let products = row.iter().zip(input).map(|(&w, &x)| i128::from(w * x));
            let sum = i128::from(bias) * one + products.sum::<i128>();
            let rounded = (2 * sum + one).div_euclid(2 * one);
            activation.apply(i32::try_from(rounded).expect("outputs fit"))
        })
        .collect()
}

/// Row-major weights in the order of `narrow`.
pub fn narrow_order(weights: &[i64], columns: usize) -> Vec<Quad> {
    let rows = weights.len() / columns;
    let mut quads = Vec::new();
    for group in (0..rows).step_by(4) {
        for column in (0..columns).step_by(4) {
            for row in group..group + 4 {
                let start = row * columns + column;
                quads.push(quad(&weights[start..start + 4]));
            }
        }
    }
    quads
}

/// Row-major weights in the order of `wide`.
pub fn wide_order(weights: &[i64], columns: usize) -> Vec<i32> {
    let rows = weights.len() / columns;
    let mut values = Vec::new();
    for group in (0..rows).step_by(4) {
        for column in 0..columns {
            for row in group..group + 4 {
                values.push(narrowed(weights[row * columns + column]));
            }
        }
    }
    values
}

pub fn quads(values: &[i64]) -> Vec<Quad> {
    values.chunks_exact(4).map(quad).collect()
}

pub fn words(values: &[i64]) -> Vec<i32> {
    values.iter().map(|&value| narrowed(value)).collect()
}

fn quad(values: &[i64]) -> Quad {
    Quad(core::array::from_fn(|i| {
        i16::try_from(values[i]).expect("fits i16")
    }))
}

fn narrowed(value: i64) -> i32 {
    i32::try_from(value).expect("fits i32")
}
