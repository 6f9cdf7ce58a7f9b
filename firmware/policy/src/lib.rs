//! A trained policy in fixed point: environment rtos, case normal, agent
//! maskable-ppo+self-labelling, seed 0, network
//! adfeaa59fadf703e3f71acf2058e99fd2580d149cef58abceef49cda7699bd88.
//!
//! Every number is a multiple of 2^-10; 24-32-32-7, argmax, under an action mask. Generated: change
//! the network and export it again.

#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[rustfmt::skip]
mod weights;
pub mod workload;

use q10::{Linear, Quad, Relu};

/// Fractional bits of every number.
pub const BITS: u32 = 10;
/// Observed values.
pub const INPUTS: usize = 24;
/// Logits.
pub const OUTPUTS: usize = 7;
/// Discrete actions.
pub const ACTIONS: usize = OUTPUTS;
/// Widths of the layers.
pub const SHAPE: &str = "24-32-32-7";
/// Kernels, in order.
pub const KERNELS: &str = "narrow narrow narrow";

/// Returns the logits of an observation, before mask and decoding.
#[inline(never)]
pub fn logits(observation: &[i32; INPUTS]) -> [i32; OUTPUTS] {
    let mut even = [Quad::ZERO; 8];
    let mut odd = [Quad::ZERO; 8];
    let mut output = [0; 8];
    q10::clamp_pack(observation, &weights::LOW, &weights::HIGH, &mut even[..6]);
    q10::narrow::<BITS, _>(
        &weights::LAYERS_0_WEIGHTS,
        &weights::LAYERS_0_BIASES,
        &even[..6],
        Relu,
        &mut odd,
    );
    q10::narrow::<BITS, _>(
        &weights::LAYERS_1_WEIGHTS,
        &weights::LAYERS_1_BIASES,
        &odd,
        Relu,
        &mut even,
    );
    q10::narrow_out::<BITS, _>(
        &weights::LAYERS_2_WEIGHTS,
        &weights::LAYERS_2_BIASES,
        &even,
        Linear,
        &mut output,
    );
    core::array::from_fn(|i| output[i])
}

/// Returns the best action that the mask allows, the lowest of equals; the first where nothing is
/// allowed.
#[inline(never)]
pub fn infer(observation: &[i32; INPUTS], mask: &[bool; ACTIONS]) -> usize {
    q10::argmax_masked(&logits(observation), mask)
}
