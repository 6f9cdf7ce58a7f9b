//! What a policy sees, in fixed point: the observations `basic` and `full`.
//!
//! "Remaining" is the WCET less the ticks executed, and "next release" is the next nominal arrival
//! (zero while a delayed job is overdue). Each value is a ratio of whole ticks, rounded half up
//! and clamped to 0..1. Both take the number of tasks that the policy was made for, `capacity`;
//! values of tasks that are not there are zero.

use q10::ratio;

use crate::system::System;

/// Values per task of [`basic`].
pub const BASIC: usize = 4;
/// Values per task of [`full`].
pub const FULL: usize = 6;

/// Writes 4 values per task, zeros if the task is not ready: time to deadline / longest deadline;
/// time since the task last ran (since the start, if never) / longest period; remaining / WCET;
/// ready.
///
/// # Panics
///
/// Panics if `out` does not have `4 * capacity` values, or there are more tasks.
pub fn basic<const M: usize>(system: &System<M>, capacity: usize, bits: u32, out: &mut [i32]) {
    assert!(
        M <= capacity && out.len() == BASIC * capacity,
        "observation `basic`: four values for each task that the policy was made for"
    );
    out.fill(0);
    let (rows, _) = out.as_chunks_mut::<BASIC>();
    let share = |ticks: u32, scale: u32| share(ticks as i32, scale, bits);
    let now = system.now();
    for (task, row) in system.tasks().iter().zip(rows) {
        if task.state.wants_processor() {
            *row = [
                share(task.abs_deadline - now, system.max_deadline()),
                share(now - task.since, system.max_period()),
                share(task.remaining, task.wcet),
                1 << bits,
            ];
        }
    }
}

/// Writes [`basic`], then for every task the time to its next release / longest period, then
/// one-hot the task last run (all zero before the first dispatch).
///
/// # Panics
///
/// Panics if `out` does not have `6 * capacity` values, or there are more tasks.
pub fn full<const M: usize>(system: &System<M>, capacity: usize, bits: u32, out: &mut [i32]) {
    assert!(
        M <= capacity && out.len() == FULL * capacity,
        "observation `full`: six values for each task that the policy was made for"
    );
    let (now_part, rest) = out.split_at_mut(BASIC * capacity);
    basic(system, capacity, bits, now_part);
    rest.fill(0);
    let (waits, last) = rest.split_at_mut(capacity);
    for (task, wait) in system.tasks().iter().zip(waits) {
        let ticks = task.next_release as i32 - system.now() as i32;
        *wait = share(ticks, system.max_period(), bits);
    }
    if let Some(task) = system.last() {
        last[task] = 1 << bits;
    }
}

/// Returns `ticks / scale`, clamped to 0..1.
pub(crate) fn share(ticks: i32, scale: u32, bits: u32) -> i32 {
    within(ticks, scale, 0, bits)
}

/// Returns `ticks / scale`, clamped to -1..1.
pub(crate) fn signed_share(ticks: i32, scale: u32, bits: u32) -> i32 {
    within(ticks, scale, -1, bits)
}

#[inline(always)]
fn within(ticks: i32, scale: u32, low: i32, bits: u32) -> i32 {
    let scale = scale as i32;
    // Clamping whole ticks is the same, as both bounds are whole, and keeps the ratio small.
    ratio(ticks.clamp(low * scale, scale), scale, bits)
}
