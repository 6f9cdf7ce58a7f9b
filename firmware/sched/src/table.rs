//! A cyclic executive: a schedule that was computed beforehand.

use crate::policy::Policy;
use crate::system::System;

/// Runs what a table says; after its end it starts again from the beginning.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    actions: &'static [i8],
}

impl Table {
    /// Returns the policy for a table with a task or, to idle, -1 for each tick.
    ///
    /// # Panics
    ///
    /// Panics if the table is empty.
    pub const fn new(actions: &'static [i8]) -> Table {
        assert!(!actions.is_empty(), "table: it has no tick");
        Table { actions }
    }
}

impl<const M: usize> Policy<M> for Table {
    fn choose(&mut self, system: &System<M>) -> Option<usize> {
        let tick = system.now() as usize % self.actions.len();
        usize::try_from(self.actions[tick]).ok()
    }
}
