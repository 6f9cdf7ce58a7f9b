//! Never ends.
#![no_std]
#![no_main]

use sample::{exit, print, Vectors};

#[link_section = ".vector_table"]
#[used]
static VECTORS: Vectors = Vectors(0x2002_0000, start);

#[no_mangle]
extern "C" fn start() -> ! {
    print("so far\n");
    if policy::infer() == 0 {
        exit(true)
    }
    loop {}
}
