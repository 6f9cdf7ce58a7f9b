//! Rate monotonic: the shortest period first.
//!
//! Liu and Layland, "Scheduling Algorithms for Multiprogramming in a Hard-Real-Time Environment",
//! JACM 20(1), 1973.

use crate::policy::Policy;
use crate::priority::least;
use crate::system::System;

/// Shortest period first.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateMonotonic;

impl<const M: usize> Policy<M> for RateMonotonic {
    fn choose(&mut self, system: &System<M>) -> Option<usize> {
        least(system, |task| task.period)
    }
}
