//! Where a program prints and how it ends: semihosting, or RTT on a board.

/// Prints a line.
#[cfg(not(feature = "rtt"))]
#[macro_export]
macro_rules! say {
    ($($part:tt)*) => {
        // If the console does not work, there is nowhere to report it.
        ::cortex_m_semihosting::hprintln!($($part)*)
    };
}

/// Prints a line.
#[cfg(feature = "rtt")]
#[macro_export]
macro_rules! say {
    ($($part:tt)*) => {
        ::rtt_target::rprintln!($($part)*)
    };
}

/// Opens the console.
pub fn open() {
    #[cfg(feature = "rtt")]
    rtt_target::rtt_init_print!();
}

/// Ends the program: QEMU leaves with a success code; a board waits for a reset.
pub fn leave() -> ! {
    end(true)
}

/// Ends the program: QEMU leaves with a failure code; a board waits for a reset.
pub fn fail() -> ! {
    end(false)
}

#[cfg(not(feature = "rtt"))]
fn end(success: bool) -> ! {
    use cortex_m_semihosting::debug::{exit, EXIT_FAILURE, EXIT_SUCCESS};
    loop {
        exit(if success { EXIT_SUCCESS } else { EXIT_FAILURE });
    }
}

#[cfg(feature = "rtt")]
fn end(success: bool) -> ! {
    // Without a debugger a breakpoint is a fault, and faults end up here.
    if !success && cortex_m::peripheral::DCB::is_debugger_attached() {
        cortex_m::asm::bkpt();
    }
    loop {
        cortex_m::asm::wfi();
    }
}
