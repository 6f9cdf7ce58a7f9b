//! Ends with failure.
#![no_std]
#![no_main]

use sample::{exit, print, program};

program!({
    print("before it failed\n");
    exit(false)
});
