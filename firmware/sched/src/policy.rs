//! What decides which task runs.

use crate::system::System;

/// A scheduling policy for `M` tasks.
pub trait Policy<const M: usize> {
    /// Returns the index of the task that runs for the next tick, or `None` to idle.
    ///
    /// It is called once per tick, from tick 0 on.
    fn choose(&mut self, system: &System<M>) -> Option<usize>;
}
