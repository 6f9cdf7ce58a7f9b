//! Prints two lines and ends well.
#![no_std]
#![no_main]

use sample::{exit, print, program};

program!({
    let mut sum = policy::infer();
    let task = policy::workload::task(sum as usize);
    sum += task as u32;
    print("first line\n");
    print(if sum == 4655 {
        "sum as expected\n"
    } else {
        "another sum\n"
    });
    exit(true)
});
