//! 96 bytes of weights, 40 bytes of tasks, and a static variable in RAM.
#![no_std]
#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicU32, Ordering};

pub mod workload;

/// Weights whose sum is 96 * 97 / 2.
pub static WEIGHTS: [u8; 96] = {
    let mut values = [0; 96];
    let mut index = 0;
    while index < 96 {
        values[index] = index as u8 + 1;
        index += 1;
    }
    values
};

/// Begins with a value, so it lies in `.data`.
pub static CALLS: AtomicU32 = AtomicU32::new(7);

/// Sums the weights.
#[inline(never)]
pub fn infer() -> u32 {
    CALLS.fetch_add(1, Ordering::Relaxed);
    q10::sum(core::hint::black_box(&WEIGHTS))
}

#[cfg(test)]
mod tests {
    #[test]
    fn weights_add_up() {
        assert_eq!(super::infer(), 4656, "the sum of the weights");
    }
}
