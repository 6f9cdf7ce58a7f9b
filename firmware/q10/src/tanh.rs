//! The hyperbolic tangent by linear interpolation in a table.

use crate::activation::Activation;

/// What a table may hold: `i16`, or `i32` where one does not fit `i16`.
pub trait Entry: Copy + Into<i32> {}

impl Entry for i16 {}
impl Entry for i32 {}

/// `tanh`, for values with `bits` fractional bits.
///
/// Entry `k` is `floor(tanh(k / 2^step_bits) * 2^bits + 1/2)`. The table ends at the first entry
/// that is `2^bits`, and that one is stored twice, so that every entry in use has a successor.
/// The function is odd: the magnitude is interpolated and rounded, then takes the sign.
#[derive(Clone, Copy, Debug)]
pub struct Tanh<T: 'static> {
    /// At least two entries.
    pub table: &'static [T],
    /// Fractional bits of argument and result.
    pub bits: u32,
    /// The table's spacing is `2^-step_bits`; less than `bits`.
    pub step_bits: u32,
}

impl<T: Entry> Activation for Tanh<T> {
    #[inline(always)]
    fn apply(&self, y: i32) -> i32 {
        let shift = self.bits - self.step_bits;
        let top = (self.table.len() as u32 - 2) << shift;
        let magnitude = y.unsigned_abs().min(top);
        let index = (magnitude >> shift) as usize;
        let fraction = (magnitude & ((1 << shift) - 1)) as i32;
        let below: i32 = self.table[index].into();
        let above: i32 = self.table[index + 1].into();
        let value = below + (((above - below) * fraction + (1 << (shift - 1))) >> shift);
        let sign = y >> 31;
        (value ^ sign) - sign
    }
}
