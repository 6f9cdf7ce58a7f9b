//! The workload normal: its tasks, and the policy as their scheduler. Generated.

use crate::{BITS, INPUTS, OUTPUTS};
use sched::{Job, Parameters, Policy, System};

/// Name of the workload.
pub const CASE: &str = "normal";
/// Number of tasks.
pub const M: usize = 6;
/// Ticks of the episode.
pub const HORIZON: u32 = 300;
/// Tasks that the policy observes.
pub const CAPACITY: usize = 6;
/// Whether the mask allows idling while a task is ready.
pub const IDLE_ALWAYS: bool = false;
/// Values that `observe` writes.
pub const OBSERVATION: usize = 4 * CAPACITY;
/// A task each, and idling.
pub const ACTIONS: usize = CAPACITY + 1;
/// Whether masks count.
pub const MASKED: bool = true;
/// The most values that the policy observes.
pub const VALUES: usize = INPUTS;
/// The most logits.
pub const LOGITS: usize = OUTPUTS;

/// The tasks; times in ticks.
pub const TASKS: [Parameters; M] = [
    Parameters {
        id: 0,
        name: "T1",
        period: 10,
        deadline: 10,
        wcet: 2,
        offset: 0,
    },
    Parameters {
        id: 1,
        name: "T2",
        period: 15,
        deadline: 15,
        wcet: 2,
        offset: 0,
    },
    Parameters {
        id: 2,
        name: "T3",
        period: 20,
        deadline: 20,
        wcet: 3,
        offset: 0,
    },
    Parameters {
        id: 3,
        name: "T4",
        period: 30,
        deadline: 30,
        wcet: 5,
        offset: 0,
    },
    Parameters {
        id: 4,
        name: "T5",
        period: 50,
        deadline: 50,
        wcet: 10,
        offset: 0,
    },
    Parameters {
        id: 5,
        name: "T6",
        period: 100,
        deadline: 100,
        wcet: 18,
        offset: 0,
    },
];

/// The task of each tick, -1 for none.
#[rustfmt::skip]
pub static TABLE: Option<&[i8]> = Some(&[
    0, 0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 0, 0, 5, 5, 5, 5, 5, 5, 1, 1, 1, 1, 0, 0, 4, 4, 4, 4, 4, 4, 0, 0, 2, 2, 2, 2, 2, 2, 3,
    3, 3, 3, 3, 0, 0, 0, 0, 1, 1, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1, 1, 0, 0, 0, 0, 4, 4, 4, 4,
    4, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, -1, 0, 0, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0,
    0, -1, 0, 0, 1, 1, -1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4,
    4, 4, 4, 1, 1, -1, 1, 1, 0, 0, -1, 0, 0, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, -1, -1,
    -1, 0, 0, 1, 1, -1, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0, 1, 1, 5,
    5, 5, 5, 5, 5, 5, 1, 1, 0, 0, 0, 0, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 0, 0, 0, 0,
    4, 1, 1, 1, 1, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0, 0, 0, 0, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 1,
    1, 1, 1, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0,
]);

/// The jobs of each task; none: released on arrival, and each needs its WCET.
pub static JOBS: [&[Job]; M] = [&[]; M];

/// What the policy observes.
pub type Input = [i32; INPUTS];
/// Which actions it may choose.
pub type Mask = [bool; ACTIONS];

/// Returns `values` as the policy takes them.
pub fn as_input(values: &[i32]) -> &Input {
    values.try_into().expect("policy: INPUTS values")
}

/// Returns `flags` as the policy takes them.
pub fn as_mask(flags: &[bool]) -> &Mask {
    flags.try_into().expect("policy: ACTIONS flags")
}

/// Writes the logits of `input`.
pub fn write_logits(input: &Input, output: &mut [i32]) {
    output.copy_from_slice(&crate::logits(input));
}

/// Returns the policy's action.
#[inline(always)]
pub fn choose(input: &Input, mask: &Mask) -> usize {
    crate::infer(input, mask)
}

/// Writes what the policy observes.
pub fn observe(system: &System<M>, out: &mut [i32; OBSERVATION]) {
    sched::observe::basic(system, CAPACITY, BITS, out);
}

/// Returns which actions make sense: ready tasks, and idling.
pub fn mask(system: &System<M>) -> [bool; ACTIONS] {
    let mut mask = [false; ACTIONS];
    sched::mask(system, IDLE_ALWAYS, &mut mask);
    mask
}

/// The policy as a scheduler.
pub struct Learned;

impl Policy<M> for Learned {
    fn choose(&mut self, system: &System<M>) -> Option<usize> {
        let mut observation = [0; OBSERVATION];
        observe(system, &mut observation);
        let action = choose(as_input(&observation), &mask(system));
        (action < M).then_some(action)
    }
}
