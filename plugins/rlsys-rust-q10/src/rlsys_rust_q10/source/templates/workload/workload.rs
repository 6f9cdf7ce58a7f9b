$about

use crate::{$sizes, OUTPUTS};
use sched::{Job, Parameters, Policy, System};

/// Name of the workload.
pub const CASE: &str = $case;
/// Number of tasks.
pub const M: usize = $count;
/// Ticks of the episode.
pub const HORIZON: u32 = $horizon;
/// Tasks that the policy observes.
pub const CAPACITY: usize = $capacity;
/// Whether the mask allows idling while a task is ready.
pub const IDLE_ALWAYS: bool = $idle_always;
/// Values that `observe` writes.
pub const OBSERVATION: usize = $values_per_task * CAPACITY;
/// A task each, and idling.
pub const ACTIONS: usize = CAPACITY + 1;
/// Whether masks count.
pub const MASKED: bool = $masked;
/// The most values that the policy observes.
pub const VALUES: usize = $values;
/// The most logits.
pub const LOGITS: usize = OUTPUTS;

/// The tasks; times in ticks.
pub const TASKS: [Parameters; M] = [
    $tasks
];

$table

/// The jobs of each task; none: released on arrival, and each needs its WCET.
$jobs

$policy

/// Returns the policy's action.
#[inline(always)]
pub fn choose(input: &Input, $mask: &Mask) -> usize {
    crate::infer($arguments)
}

/// Writes what the policy observes.
pub fn observe(system: &System<M>, out: &mut [i32; OBSERVATION]) {
    $observe
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
