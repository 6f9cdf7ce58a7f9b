//! Reads where nothing is, and has no handler for that.
#![no_std]
#![no_main]

use sample::{exit, print, program};

program!({
    print("before the fault\n");
    // Sound it is not: the fault is wanted.
    let value = unsafe { core::ptr::read_volatile(0x5fff_0000 as *const u32) };
    exit(value == 1)
});
