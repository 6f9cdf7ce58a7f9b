//! Panics and faults: print what happened, and end the program with a failure.

use core::panic::PanicInfo;

use cortex_m_rt::{exception, ExceptionFrame};

use crate::console::fail;
use crate::say;

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    say!("{}", info);
    fail()
}

// SAFETY (both): cortex-m-rt requires `unsafe`, since an exception may come at any moment. Of what
// was in use then they touch only the console, and they never return.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    say!("HardFault at {:#010x}", frame.pc());
    fail()
}

#[exception]
unsafe fn DefaultHandler(number: i16) -> ! {
    say!("unexpected exception or interrupt {}", number);
    fail()
}
