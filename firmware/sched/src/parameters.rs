//! What is known about a task before anything runs.

/// A periodic task; job `k` arrives at `offset + k * period`. All times are ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The task's index in its taskset.
    pub id: usize,
    /// The name that is printed.
    pub name: &'static str,
    /// Time between two arrivals; at least 1.
    pub period: u32,
    /// Relative to the arrival: 1..=period.
    pub deadline: u32,
    /// Worst-case execution time: 1..=deadline.
    pub wcet: u32,
    /// Arrival of the first job.
    pub offset: u32,
}
