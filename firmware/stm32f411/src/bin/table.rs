//! The schedule in `policy/src/workload.rs`, computed beforehand; not every export has one.

#![no_std]
#![no_main]

use board::run;
use cortex_m_rt::entry;
use policy::workload::TABLE;
use sched::Table;

#[entry]
fn main() -> ! {
    let actions = TABLE.expect("this export has no table (policy/src/workload.rs)");
    run(&"table", Table::new(actions))
}
