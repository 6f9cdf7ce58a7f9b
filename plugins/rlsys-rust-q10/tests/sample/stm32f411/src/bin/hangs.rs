//! Never ends.
#![no_std]
#![no_main]

use sample::{exit, print, program};

program!({
    print("so far\n");
    if policy::infer() == 0 {
        exit(true)
    }
    loop {}
});
