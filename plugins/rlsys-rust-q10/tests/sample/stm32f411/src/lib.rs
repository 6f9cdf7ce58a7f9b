//! Just enough to boot and to speak to QEMU by semihosting.
#![no_std]

use core::arch::asm;

/// The stack's top, and where to begin.
#[repr(C)]
pub struct Vectors(pub u32, pub extern "C" fn() -> !);

/// Makes a program of a block that never ends.
#[macro_export]
macro_rules! program {
    ($body:block) => {
        #[link_section = ".vector_table"]
        #[used]
        static VECTORS: $crate::Vectors = $crate::Vectors(0x2002_0000, start);

        #[no_mangle]
        extern "C" fn start() -> ! $body
    };
}

fn call(operation: u32, argument: usize) -> usize {
    let result;
    // Sound: QEMU reads what the argument points to and changes r0 alone.
    unsafe { asm!("bkpt 0xab", inlateout("r0") operation => result, in("r1") argument) }
    result
}

/// Prints a text.
pub fn print(text: &str) {
    let console = c":tt";
    let handle = call(0x01, [console.as_ptr() as usize, 4, 3].as_ptr() as usize);
    let block = [handle, text.as_ptr() as usize, text.len()];
    call(0x05, block.as_ptr() as usize);
}

/// Ends QEMU.
pub fn exit(success: bool) -> ! {
    call(0x18, if success { 0x20026 } else { 0x20023 });
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    print("panicked\n");
    exit(false)
}
