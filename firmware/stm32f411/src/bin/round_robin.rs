//! Every ready task in turn, one tick each.

#![no_std]
#![no_main]

use board::run;
use cortex_m_rt::entry;
use sched::RoundRobin;

#[entry]
fn main() -> ! {
    run(&"round-robin", RoundRobin::new(1))
}
