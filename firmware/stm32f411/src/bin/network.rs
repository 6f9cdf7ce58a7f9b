//! The exported network schedules.

#![no_std]
#![no_main]

use board::run;
use cortex_m_rt::entry;
use policy::workload::Learned;

#[entry]
fn main() -> ! {
    run(&"network", Learned)
}
