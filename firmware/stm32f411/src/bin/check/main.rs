//! The proof: replays golden vectors and the workload in QEMU, and writes what it computed.
//!
//! In QEMU's working directory it reads `vectors.bin` and writes `logits.bin` and `trace.csv`. It
//! judges nothing: the host compares both with the reference. It is for QEMU alone, whose SysTick
//! counts instructions when it runs with `-icount`.

#![no_std]
#![no_main]

use board::console::{leave, open};
use board::say;
use cortex_m_rt::entry;

mod csv;
mod files;
mod stopwatch;
mod trace;
mod vectors;

#[entry]
fn main() -> ! {
    open();
    // `take` gives them out once, and this is the first call.
    let peripherals = cortex_m::Peripherals::take().expect("the peripherals are free");
    let mut stopwatch = stopwatch::Stopwatch::start(peripherals.SYST);
    let replayed = vectors::replay(&mut stopwatch);
    let ticks = trace::write(&mut stopwatch);
    say!("rlsys-check: {} vectors, {} ticks", replayed, ticks);
    leave()
}
