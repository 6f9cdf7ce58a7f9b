//! Executes an undefined instruction, to show that a fault ends QEMU with a failure.

#![no_std]
#![no_main]

use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    board::console::open();
    cortex_m::asm::udf()
}
