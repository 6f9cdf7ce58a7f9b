//! A preemptive tick scheduler for periodic tasks on one processor.
//!
//! At a tick `now`, in this order: unfinished jobs whose absolute deadline is `<= now` are
//! abandoned and counted as misses; due jobs are released; a policy chooses a ready task, which
//! then runs for one tick. The order matters: releasing first would overwrite the unfinished job
//! of a task whose deadline is its period, and that miss would be lost.
//!
//! A policy knows what a real scheduler knows: the tasks, and for every ready job its deadline and
//! how much of its WCET it has used. It does not know how long a job will really take.
//!
//! All times are whole ticks, below 2^30.

#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod candidate;
mod edf;
pub mod items;
mod job;
mod mask;
pub mod observe;
mod parameters;
mod policy;
mod priority;
mod rate_monotonic;
mod round_robin;
mod state;
mod system;
mod table;
mod task;

pub use candidate::most_jobs;
pub use edf::Edf;
pub use job::Job;
pub use mask::mask;
pub use parameters::Parameters;
pub use policy::Policy;
pub use rate_monotonic::RateMonotonic;
pub use round_robin::RoundRobin;
pub use state::TaskState;
pub use system::System;
pub use table::Table;
pub use task::Task;
