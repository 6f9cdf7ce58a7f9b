//! Measures with SysTick how many ticks of the core clock something takes.
//!
//! SysTick runs on the external clock, an eighth of the core's, and so measures up to 2^27 ticks.
//! Results are in ticks of the core clock and off by at most 16. In QEMU with `-icount shift=10`
//! an instruction takes 172.032 of them, so the number of instructions is exact.

use core::hint::black_box;
use core::sync::atomic::{compiler_fence, Ordering};

use cortex_m::peripheral::{syst::SystClkSource, SYST};

const RELOAD: u32 = 0x00ff_ffff;
const CORE_TICKS: u32 = 8;

/// A running SysTick.
pub struct Stopwatch {
    timer: SYST,
    overhead: u32,
}

impl Stopwatch {
    /// Starts the timer and measures what measuring costs.
    pub fn start(mut timer: SYST) -> Stopwatch {
        timer.set_clock_source(SystClkSource::External);
        timer.set_reload(RELOAD);
        timer.enable_counter();
        let mut stopwatch = Stopwatch { timer, overhead: 0 };
        stopwatch.overhead = stopwatch.measure(|| ()).1;
        stopwatch
    }

    /// Returns the result of `work` and the ticks that it took.
    ///
    /// # Panics
    ///
    /// Panics if that took longer than the timer can count.
    #[inline(always)]
    pub fn measure<R>(&mut self, work: impl FnOnce() -> R) -> (R, u32) {
        self.timer.clear_current();
        // The counter takes its reload value one tick after it was cleared.
        while SYST::get_current() == 0 {}
        let start = SYST::get_current();
        compiler_fence(Ordering::SeqCst);
        let result = work();
        compiler_fence(Ordering::SeqCst);
        let end = SYST::get_current();
        assert!(
            !self.timer.has_wrapped(),
            "stopwatch: more than 2^27 ticks of the core clock"
        );
        let ticks = (start - end) * CORE_TICKS;
        (black_box(result), ticks - self.overhead.min(ticks))
    }
}
