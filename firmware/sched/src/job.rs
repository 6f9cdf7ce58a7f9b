//! How a job will really turn out, which no policy may know.

/// A job of a task whose jobs differ from the nominal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Tick from which it is ready: its arrival plus release jitter.
    pub release: u32,
    /// Ticks that it needs: 1..=WCET.
    pub execution: u32,
}
