//! Round robin: every ready task in turn, deadlines unseen.

use crate::policy::Policy;
use crate::system::System;

/// Runs each ready task for up to a quantum of ticks, in the order of their indices.
///
/// A task whose job ends or is abandoned gives up the rest of its quantum, unless its next job is
/// ready in the same tick.
#[derive(Clone, Copy, Debug)]
pub struct RoundRobin {
    quantum: u32,
    used: u32,
}

impl RoundRobin {
    /// Returns round robin with a quantum in ticks.
    ///
    /// # Panics
    ///
    /// Panics if `quantum` is 0.
    pub const fn new(quantum: u32) -> RoundRobin {
        assert!(quantum >= 1, "round robin: the quantum must be at least 1");
        RoundRobin { quantum, used: 0 }
    }
}

impl<const M: usize> Policy<M> for RoundRobin {
    fn choose(&mut self, system: &System<M>) -> Option<usize> {
        if system.now() == 0 {
            self.used = 0;
        }
        let first = match system.last() {
            Some(last) if system.is_ready(last) && self.used < self.quantum => {
                self.used += 1;
                return Some(last);
            }
            Some(last) => last + 1,
            None => 0,
        };
        let chosen = (first..M)
            .chain(0..first)
            .find(|&task| system.is_ready(task))?;
        self.used = 1;
        Some(chosen)
    }
}
