//! Panics, to show that a panic ends QEMU with a failure.

#![no_std]
#![no_main]

use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    board::console::open();
    panic!("on purpose")
}
