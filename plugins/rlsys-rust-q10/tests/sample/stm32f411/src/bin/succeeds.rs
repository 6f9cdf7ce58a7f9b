//! Prints two lines and ends well.
#![no_std]
#![no_main]

use sample::{exit, print, Vectors};

#[link_section = ".vector_table"]
#[used]
static VECTORS: Vectors = Vectors(0x2002_0000, start);

#[no_mangle]
extern "C" fn start() -> ! {
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
}
