//! What a policy sees, in fixed point: the observation `items`, one row of features per task, the
//! same for any number of tasks.
//!
//! Each row describes the task's ready job (zeros where none is ready), the task itself, and what
//! the candidate schedule says about the job: how much later or longer the others could be without
//! harm. Each value is a ratio of whole ticks, rounded half up and clamped to 0..1 or -1..1. In
//! the lists below, L is the longest relative deadline of the taskset.

use crate::candidate::{Candidate, Listed};
use crate::observe::{share, signed_share};
use crate::system::System;
use crate::task::Task;

/// Values per row.
pub const FEATURES: usize = 21;

/// Writes a row for each task, and zeros into the rows beyond. `N` is
/// [`most_jobs`](crate::most_jobs) of the tasks.
///
/// # Panics
///
/// Panics if there are fewer rows than tasks, or if `N` is less than the jobs that are found.
pub fn observe<const M: usize, const N: usize>(
    system: &System<M>,
    bits: u32,
    out: &mut [[i32; FEATURES]],
) {
    assert!(
        out.len() >= M,
        "observation `items`: a row for each task that there is"
    );
    out.fill([0; FEATURES]);
    let candidate = Candidate::<N>::new(system);
    let jobs = candidate.jobs();
    // If no job is kept, nothing is urgent: more slack than any deadline leaves.
    let loose = 2 * system.max_deadline() as i32;
    let mut before = [loose; N];
    let mut demand = [0; N];
    let mut least = loose;
    let mut load = 0;
    for (place, job) in jobs.iter().enumerate() {
        before[place] = least;
        least = least.min(if job.kept { job.slack } else { loose });
        load += job.work;
        demand[place] = load;
    }
    for (task, row) in system.tasks().iter().zip(&mut *out) {
        write_task(system, task, least, bits, row);
    }
    let mut after = loose;
    for (place, job) in jobs.iter().enumerate().rev() {
        if place + 1 < jobs.len() && jobs[place + 1].due == job.due {
            demand[place] = demand[place + 1];
        }
        after = after.min(if job.kept { job.slack } else { loose });
        if job.ready {
            let slacks = Slacks {
                before: before[place],
                after,
                bound: job.due - demand[place],
            };
            let task = &system.tasks()[job.task];
            write_job(
                task,
                job,
                system.max_deadline(),
                &slacks,
                bits,
                &mut out[job.task],
            );
            out[job.task][17] = flag(candidate.choice == Some(job.task), bits);
        }
    }
}

/// How long the jobs around one can wait, in ticks.
struct Slacks {
    /// The least slack of the kept jobs before this one: how long it may run ahead of them.
    before: i32,
    /// The least slack of this job, if kept, and the kept ones after it: how long it may wait.
    after: i32,
    /// Time to the deadline less all work of the list that is due by then.
    bound: i32,
}

/// Writes what holds for every task, ready or not: present, wcet / period, period / L, time to
/// next release / L, last run, time to the end of the episode / L, least slack of a kept job / L.
fn write_task<const M: usize>(
    system: &System<M>,
    task: &Task,
    least: i32,
    bits: u32,
    row: &mut [i32; FEATURES],
) {
    let scale = system.max_deadline();
    let now = system.now() as i32;
    row[0] = 1 << bits;
    row[1] = share(task.wcet as i32, task.period, bits);
    row[2] = share(task.period as i32, scale, bits);
    row[3] = share(task.next_release as i32 - now, scale, bits);
    row[4] = flag(system.last() == Some(task.id), bits);
    row[5] = share(system.horizon() as i32 - now, scale, bits);
    row[6] = signed_share(least, scale, bits);
}

/// Writes what holds for a ready job: ready, remaining / wcet, remaining / L, value density
/// 1 / remaining, time to deadline / L, laxity / L, laxity / (4 remaining), deadline within the
/// episode, demand-bound slack / L, kept, (first of the kept), slack of the jobs before / L, the
/// same less remaining, slack of this job and those after / L.
fn write_job(
    task: &Task,
    job: &Listed,
    scale: u32,
    slacks: &Slacks,
    bits: u32,
    row: &mut [i32; FEATURES],
) {
    let work = job.work as u32;
    let laxity = job.due - job.work;
    row[7] = 1 << bits;
    row[8] = share(job.work, task.wcet, bits);
    row[9] = share(job.work, scale, bits);
    row[10] = share(1, work, bits);
    row[11] = share(job.due, scale, bits);
    row[12] = signed_share(laxity, scale, bits);
    row[13] = signed_share(laxity, 4 * work, bits);
    row[14] = flag(job.within, bits);
    row[15] = signed_share(slacks.bound, scale, bits);
    row[16] = flag(job.kept, bits);
    row[18] = signed_share(slacks.before, scale, bits);
    row[19] = signed_share(slacks.before - job.work, scale, bits);
    row[20] = signed_share(slacks.after, scale, bits);
}

fn flag(set: bool, bits: u32) -> i32 {
    i32::from(set) << bits
}
