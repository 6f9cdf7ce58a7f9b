//! The rule that priority schedulers share: the ready task with the least key.

use crate::system::System;
use crate::task::Task;

/// Returns the ready task with the least `key`; among equals the task last dispatched, which saves
/// a context switch, else the lowest index.
#[inline(always)]
pub(crate) fn least<const M: usize>(
    system: &System<M>,
    key: impl Fn(&Task) -> u32,
) -> Option<usize> {
    let mut best: Option<(u32, usize)> = None;
    for task in system.tasks() {
        if !task.state.wants_processor() {
            continue;
        }
        let key = key(task);
        let better = best.is_none_or(|(least, _)| {
            key < least || (key == least && system.last() == Some(task.id))
        });
        if better {
            best = Some((key, task.id));
        }
    }
    best.map(|(_, id)| id)
}
