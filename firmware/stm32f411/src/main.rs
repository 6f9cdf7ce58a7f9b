//! The product: one policy schedules the workload, and says how it went.

#![no_std]
#![no_main]

use board::console::{leave, open};
use board::pace::Pace;
use board::say;
use cortex_m_rt::entry;
use policy::workload::{CASE, HORIZON, JOBS, M, TASKS};
use sched::{Policy, System};

mod selected;

/// Ticks between two lines of progress.
const LINE: u32 = 50;

#[entry]
fn main() -> ! {
    open();
    // `take` gives them out once, and this is the first call.
    let peripherals = cortex_m::Peripherals::take().expect("the peripherals are free");
    let mut pace = Pace::start(peripherals.SYST);
    let mut policy = selected::policy();
    let mut system = System::new(&TASKS, &JOBS, HORIZON);
    say!(
        "rlsys: case {}, {} tasks, {} ticks, policy {}",
        CASE,
        M,
        HORIZON,
        selected::NAME
    );
    while !system.is_finished() {
        let choice = policy.choose(&system);
        system.step(choice);
        if system.now() % LINE == 0 || system.is_finished() {
            report_progress(&system);
        }
        pace.wait();
    }
    report_tasks(&system);
    leave()
}

fn report_progress(system: &System<M>) {
    say!(
        "tick {}: misses {}, completions {}, switches {}",
        system.now(),
        system.misses(),
        system.completions(),
        system.switches()
    );
}

fn report_tasks(system: &System<M>) {
    for (task, parameters) in system.tasks().iter().zip(system.parameters()) {
        say!(
            "{}: period {}, wcet {}, completions {}, misses {}",
            parameters.name,
            parameters.period,
            parameters.wcet,
            task.completions,
            task.deadline_misses
        );
    }
    say!(
        "total: misses {}, completions {}, switches {}",
        system.misses(),
        system.completions(),
        system.switches()
    );
}
