//! Whatever goes wrong says what it was and ends the program with a failure.

use core::panic::PanicInfo;

use cortex_m_rt::{exception, ExceptionFrame};

use crate::console::fail;
use crate::say;

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    say!("{}", info);
    fail()
}

// SAFETY (of both): cortex-m-rt demands the word, since an exception may come at any moment; they
// use nothing that was in use then but the console, and never return.
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
