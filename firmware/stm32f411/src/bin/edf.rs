//! The job with the earliest absolute deadline first.

#![no_std]
#![no_main]

use board::run;
use cortex_m_rt::entry;
use sched::Edf;

#[entry]
fn main() -> ! {
    run(&"edf", Edf)
}
