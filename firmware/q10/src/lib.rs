//! Fixed-point inference of small neural networks.
//!
//! A number `v` is held as `floor(v * 2^F + 1/2)`, with `F` fractional bits. A neuron accumulates
//! `bias * 2^F + sum(weight * input)` at full width and rounds once, half up:
//! `(sum + 2^(F-1)) >> F`, the shift being arithmetic.
//!
//! Nothing here saturates. Whoever generates the calls proves that no accumulator and no output
//! overflows for any input within its bounds; without overflow integer addition is associative, so
//! no result depends on the order of summation. (Without such a proof, arithmetic wraps.)
//!
//! No branch and no loop depends on the numbers that flow through, so a network takes the same
//! number of instructions for every input.
//!
//! Every dimension is padded with zeros to a multiple of four. Layers are inlined: called with
//! arrays, their lengths are constants and all checks of them vanish.

#![no_std]
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod activation;
mod choose;
mod clamp;
mod narrow;
mod pool;
mod quad;
mod ratio;
mod rounding;
mod smlad;
mod tanh;
mod wide;

pub use activation::{Activation, Linear, Relu};
pub use choose::{argmax, argmax_masked};
pub use clamp::{clamp, clamp_pack};
pub use narrow::{narrow, narrow_out};
pub use pool::{accumulate, mean};
pub use quad::{pack, unpack, Quad};
pub use ratio::ratio;
pub use tanh::{Entry, Tanh};
pub use wide::{wide, wide64};
