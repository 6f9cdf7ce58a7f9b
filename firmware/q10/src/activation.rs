//! What a neuron does with its rounded sum.

/// A function of one value in `F` fractional bits, to the same format.
pub trait Activation {
    /// Returns the function's value at `y`.
    fn apply(&self, y: i32) -> i32;
}

/// The identity.
#[derive(Clone, Copy, Debug)]
pub struct Linear;

impl Activation for Linear {
    #[inline(always)]
    fn apply(&self, y: i32) -> i32 {
        y
    }
}

/// `max(0, y)`.
#[derive(Clone, Copy, Debug)]
pub struct Relu;

impl Activation for Relu {
    #[inline(always)]
    fn apply(&self, y: i32) -> i32 {
        // The sign, spread over the word: one instruction on ARM, where a maximum takes three.
        y & !(y >> 31)
    }
}
