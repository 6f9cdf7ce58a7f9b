//! Earliest deadline first.
//!
//! Liu and Layland, "Scheduling Algorithms for Multiprogramming in a Hard-Real-Time Environment",
//! JACM 20(1), 1973.

use crate::policy::Policy;
use crate::priority::least;
use crate::system::System;

/// Earliest absolute deadline first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edf;

impl<const M: usize> Policy<M> for Edf {
    fn choose(&mut self, system: &System<M>) -> Option<usize> {
        least(system, |task| task.abs_deadline)
    }
}
