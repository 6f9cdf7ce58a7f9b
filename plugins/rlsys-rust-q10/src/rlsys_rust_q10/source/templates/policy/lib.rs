$about

#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[rustfmt::skip]
mod weights;
$workload

use q10::$kinds;

/// Fractional bits of every number.
pub const BITS: u32 = $bits;
$sizes
/// Discrete actions.
pub const ACTIONS: usize = $actions;
/// Widths of the layers.
$shape
/// Kernels, in order.
$kernels

$tanh
$functions
