//! When the next tick of the schedule begins: at once, or, on a board, by the SysTick timer.

/// The clock that ticks.
pub struct Pace {
    #[cfg(feature = "rtt")]
    due: u32,
}

#[cfg(not(feature = "rtt"))]
impl Pace {
    /// Starts the clock.
    pub fn start(_timer: cortex_m::peripheral::SYST) -> Pace {
        Pace {}
    }

    /// Returns at once, since simulated jobs take no time.
    pub fn wait(&mut self) {}
}

#[cfg(feature = "rtt")]
mod timer {
    use core::sync::atomic::{AtomicU32, Ordering};

    use cortex_m::peripheral::{syst::SystClkSource, SYST};
    use cortex_m_rt::exception;

    /// The STM32F411 runs on its internal oscillator after a reset.
    const CORE_HZ: u32 = 16_000_000;
    const TICKS_HZ: u32 = 1_000;

    static TICKS: AtomicU32 = AtomicU32::new(0);

    #[exception]
    fn SysTick() {
        TICKS.fetch_add(1, Ordering::Relaxed);
    }

    impl super::Pace {
        /// Starts the clock: one tick per millisecond.
        pub fn start(mut timer: SYST) -> super::Pace {
            timer.set_clock_source(SystClkSource::Core);
            timer.set_reload(CORE_HZ / TICKS_HZ - 1);
            timer.clear_current();
            timer.enable_counter();
            timer.enable_interrupt();
            super::Pace { due: 0 }
        }

        /// Sleeps until the next tick; returns at once if it has passed.
        pub fn wait(&mut self) {
            self.due = self.due.wrapping_add(1);
            while (TICKS.load(Ordering::Relaxed).wrapping_sub(self.due) as i32) < 0 {
                cortex_m::asm::wfi();
            }
        }
    }
}
