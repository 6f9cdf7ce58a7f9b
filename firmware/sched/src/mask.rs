//! Which actions make sense.

use crate::system::System;

/// Writes which actions are allowed: the ready tasks, and idling, the last action.
///
/// Idling is allowed where no task is ready, or, with `idle_always`, in any case. Actions between
/// the tasks and idling belong to a policy that was made for more tasks, and are not allowed.
///
/// # Panics
///
/// Panics if `allowed` has no more than `M` actions.
pub fn mask<const M: usize>(system: &System<M>, idle_always: bool, allowed: &mut [bool]) {
    assert!(allowed.len() > M, "mask: an action a task, and idling");
    allowed.fill(false);
    let mut any = false;
    for task in system.tasks() {
        let ready = task.state.wants_processor();
        allowed[task.id] = ready;
        any |= ready;
    }
    allowed[allowed.len() - 1] = idle_always || !any;
}
