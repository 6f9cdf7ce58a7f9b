//! The task with the shortest period first.

#![no_std]
#![no_main]

use board::run;
use cortex_m_rt::entry;
use sched::RateMonotonic;

#[entry]
fn main() -> ! {
    run(&"rate-monotonic", RateMonotonic)
}
