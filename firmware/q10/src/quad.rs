//! Four 16-bit numbers: two words, each of which SMLAD takes whole.

/// Four neighbours of a row of weights or of a vector of activations.
#[repr(C, align(4))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quad(pub [i16; 4]);

impl Quad {
    /// Four zeros: padding, and what outputs start from.
    pub const ZERO: Quad = Quad([0; 4]);
}

/// Narrows `input` into `output`.
///
/// Values must fit `i16`; the upper half of others is dropped.
///
/// # Panics
///
/// Panics if `input` does not have four values for each quad of `output`.
#[inline(always)]
pub fn pack(input: &[i32], output: &mut [Quad]) {
    assert!(input.len() == 4 * output.len(), "pack: four values a quad");
    for (values, quad) in input.chunks_exact(4).zip(output) {
        *quad = quad_of([values[0], values[1], values[2], values[3]]);
    }
}

/// Widens `input` into `output`.
///
/// # Panics
///
/// Panics if `output` does not have room for exactly four values a quad.
#[inline(always)]
pub fn unpack(input: &[Quad], output: &mut [i32]) {
    assert!(
        output.len() == 4 * input.len(),
        "unpack: four values a quad"
    );
    for (quad, values) in input.iter().zip(output.chunks_exact_mut(4)) {
        for (value, &narrow) in values.iter_mut().zip(&quad.0) {
            *value = narrow.into();
        }
    }
}

#[inline(always)]
pub(crate) fn quad_of(values: [i32; 4]) -> Quad {
    let [a, b, c, d] = values;
    Quad([a as i16, b as i16, c as i16, d as i16])
}
