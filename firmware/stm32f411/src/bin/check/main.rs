//! The proof: replays golden vectors and the workload in QEMU, and writes the results.
//!
//! In QEMU's working directory it reads `vectors.bin` and writes `logits.bin` and `trace.csv`. It
//! judges nothing: the host compares both with the reference. It works only in QEMU, whose SysTick
//! counts instructions under `-icount`.

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
    // `take` succeeds once, and this is the first call.
    let peripherals = cortex_m::Peripherals::take().expect("the peripherals are free");
    let mut stopwatch = stopwatch::Stopwatch::start(peripherals.SYST);
    let replayed = vectors::replay(&mut stopwatch);
    let ticks = trace::write(&mut stopwatch);
    say!("rlsys-check: {} vectors, {} ticks", replayed, ticks);
    leave()
}
