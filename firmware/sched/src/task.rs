//! One task and its current job.

use crate::parameters::Parameters;
use crate::state::TaskState;

/// A task while it runs. All times are ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// The task's index in its taskset.
    pub id: usize,
    /// Time between two arrivals.
    pub period: u32,
    /// Relative to the arrival.
    pub deadline: u32,
    /// Worst-case execution time.
    pub wcet: u32,
    /// The part of the current job's WCET that is left, which a policy may know. It is not reset
    /// when a job finishes before its WCET.
    pub remaining: u32,
    /// The next nominal arrival: the release of the next job, apart from jitter.
    pub next_release: u32,
    /// Absolute deadline of the current job.
    pub abs_deadline: u32,
    /// What the task is doing.
    pub state: TaskState,
    /// End of the task's latest tick of execution; 0 if it never ran.
    pub since: u32,
    /// Jobs abandoned at their deadlines.
    pub deadline_misses: u32,
    /// Jobs finished.
    pub completions: u32,
    /// Ticks that the current job really still needs.
    left: u32,
}

impl Task {
    /// Returns a task before its first release.
    pub const fn new(parameters: &Parameters) -> Task {
        Task {
            id: parameters.id,
            period: parameters.period,
            deadline: parameters.deadline,
            wcet: parameters.wcet,
            remaining: 0,
            next_release: parameters.offset,
            abs_deadline: 0,
            state: TaskState::Blocked,
            since: 0,
            deadline_misses: 0,
            completions: 0,
            left: 0,
        }
    }

    /// Releases the job that arrives at `next_release` and really needs `execution` ticks.
    pub fn release(&mut self, execution: u32) {
        self.abs_deadline = self.next_release + self.deadline;
        self.next_release += self.period;
        self.remaining = self.wcet;
        self.left = execution;
        self.state = TaskState::Ready;
    }

    /// Runs the current job for the tick that ends at `end`; returns whether that finishes it.
    ///
    /// # Panics
    ///
    /// Panics if there is no job to run.
    pub fn tick_execute(&mut self, end: u32) -> bool {
        assert!(
            self.state.wants_processor(),
            "tick_execute: the task has no job to run"
        );
        self.since = end;
        self.remaining = self.remaining.saturating_sub(1);
        self.left = self.left.saturating_sub(1);
        let finished = self.left == 0;
        if finished {
            self.state = TaskState::Completed;
            self.completions += 1;
        } else {
            self.state = TaskState::Running;
        }
        finished
    }

    /// Abandons the current job if its deadline has come; returns whether it did.
    pub fn check_deadline(&mut self, now: u32) -> bool {
        let missed = self.state.wants_processor() && self.abs_deadline <= now;
        if missed {
            self.state = TaskState::Blocked;
            self.deadline_misses += 1;
        }
        missed
    }
}
