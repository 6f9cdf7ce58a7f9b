//! What a task is doing.

/// The state of a task between two ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// A released, unfinished job waits for the processor.
    Ready,
    /// A released, unfinished job had the processor in the latest tick; it wants it again.
    Running,
    /// No job is there, and none has been finished since: before the first release, and after a
    /// job was abandoned at its deadline.
    Blocked,
    /// The latest job is finished; the next one has not been released.
    Completed,
}

impl TaskState {
    /// Returns whether there is a job to run.
    #[inline(always)]
    pub fn wants_processor(self) -> bool {
        matches!(self, TaskState::Ready | TaskState::Running)
    }
}
