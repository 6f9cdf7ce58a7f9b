//! The product: one policy schedules the workload, and the program says how it went.

use policy::workload::{CASE, HORIZON, JOBS, M, TASKS};
use sched::{Policy, System};

use crate::console::{leave, open};
use crate::pace::Pace;
use crate::say;

/// Ticks between two lines of progress.
const LINE: u32 = 50;

/// Schedules the workload with `policy`, called `name` in the text, and ends the program.
///
/// # Panics
///
/// Panics if something took the peripherals before.
// Inlined, and with the name behind a reference, it costs as little as a policy named in here.
#[inline(always)]
pub fn run(name: &'static &'static str, mut policy: impl Policy<M>) -> ! {
    open();
    // `take` gives them out once, and this is the first call.
    let peripherals = cortex_m::Peripherals::take().expect("the peripherals are free");
    let mut pace = Pace::start(peripherals.SYST);
    let mut system = System::new(&TASKS, &JOBS, HORIZON);
    say!(
        "rlsys: case {}, {} tasks, {} ticks, policy {}",
        CASE,
        M,
        HORIZON,
        *name
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
