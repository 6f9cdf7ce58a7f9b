//! The candidate schedule: what a best-effort scheduler would keep, looking ahead.
//!
//! After Locke, "Best-Effort Decision Making for Real-Time Scheduling", CMU-CS-86-134, 1986: jobs
//! enter in deadline order; while they overload the processor, the one with the least value density
//! is shed. The list holds the ready jobs and the jobs to come that are due by the latest deadline of
//! the ready ones, as if each could start at once and needed its WCET.
//!
//! The end of the episode is a deadline too, for every job: what completes later earns nothing. A
//! job whose own deadline lies beyond it is worth a completion; one due within the episode is
//! worth a completion and the miss that it avoids, three times as much.

use crate::parameters::Parameters;
use crate::system::System;

const COMPLETION: i32 = 1;
const COMPLETION_AND_MISS: i32 = 3;

/// Returns the most jobs that a list can ever hold: for each task, the ready job and those that
/// arrive within the longest relative deadline.
pub const fn most_jobs(tasks: &[Parameters]) -> usize {
    let mut longest = 0;
    let mut task = 0;
    while task < tasks.len() {
        if tasks[task].deadline > longest {
            longest = tasks[task].deadline;
        }
        task += 1;
    }
    let mut most = 0;
    task = 0;
    while task < tasks.len() {
        most += (longest / tasks[task].period) as usize + 2;
        task += 1;
    }
    most
}

/// A job in the list. Times count from now.
#[derive(Clone, Copy)]
pub(crate) struct Listed {
    pub task: usize,
    pub ready: bool,
    /// Its deadline, or the end of the episode if that is earlier.
    pub due: i32,
    /// Remaining WCET.
    pub work: i32,
    /// Whether the job's own deadline lies within the episode.
    pub within: bool,
    pub kept: bool,
    /// For a kept job: its deadline minus the work that is kept up to it.
    pub slack: i32,
}

impl Listed {
    const NONE: Listed = Listed {
        task: 0,
        ready: false,
        due: 0,
        work: 0,
        within: false,
        kept: false,
        slack: 0,
    };

    fn value(&self) -> i32 {
        if self.within {
            COMPLETION_AND_MISS
        } else {
            COMPLETION
        }
    }

    /// Whether the value per tick of `self` is no more than that of `other`.
    fn no_denser_than(&self, other: &Listed) -> bool {
        i64::from(self.value()) * i64::from(other.work)
            <= i64::from(other.value()) * i64::from(self.work)
    }
}

/// The jobs in the order in which they are due, and which of them are kept.
pub(crate) struct Candidate<const N: usize> {
    jobs: [Listed; N],
    found: usize,
    /// The task of the first kept job that is ready.
    pub choice: Option<usize>,
}

impl<const N: usize> Candidate<N> {
    /// Lists the jobs and sheds those that overload the processor.
    pub fn new<const M: usize>(system: &System<M>) -> Candidate<N> {
        let mut candidate = Candidate {
            jobs: [Listed::NONE; N],
            found: 0,
            choice: None,
        };
        candidate.list(system);
        candidate.shed();
        candidate
    }

    /// Returns the jobs, in the order in which they are due.
    pub fn jobs(&self) -> &[Listed] {
        &self.jobs[..self.found]
    }

    fn list<const M: usize>(&mut self, system: &System<M>) {
        let now = system.now() as i32;
        let end = system.horizon() as i32 - now;
        let ready = |task: &&crate::task::Task| task.state.wants_processor();
        let dues = system.tasks().iter().filter(ready);
        let latest = dues
            .map(|task| task.abs_deadline as i32 - now)
            .max()
            .unwrap_or(0);
        for task in system.tasks() {
            let mut job = Listed {
                task: task.id,
                ready: true,
                kept: true,
                ..Listed::NONE
            };
            if task.state.wants_processor() {
                let deadline = task.abs_deadline as i32 - now;
                job.due = deadline.min(end);
                job.work = task.remaining as i32;
                job.within = deadline <= end;
                self.insert(job, system.last());
            }
            job.ready = false;
            job.work = task.wcet as i32;
            let mut arrival = task.next_release as i32 - now;
            while arrival < end && arrival + task.deadline as i32 <= latest {
                let deadline = arrival + task.deadline as i32;
                job.due = deadline.min(end);
                job.within = deadline <= end;
                self.insert(job, system.last());
                arrival += task.period as i32;
            }
        }
    }

    /// Puts a job in its place by (due, ready first, last dispatched first, task).
    fn insert(&mut self, job: Listed, last: Option<usize>) {
        assert!(
            self.found < N,
            "candidate schedule: more jobs than it has room for; take `most_jobs` of the tasks"
        );
        let mut place = self.found;
        while place > 0 {
            let before = self.jobs[place - 1];
            let earlier = if job.due != before.due {
                job.due < before.due
            } else if job.ready != before.ready {
                job.ready
            } else {
                job.ready && last == Some(job.task)
            };
            if !earlier {
                break;
            }
            self.jobs[place] = before;
            place -= 1;
        }
        self.jobs[place] = job;
        self.found += 1;
    }

    /// Among equal value densities the latest job goes first.
    fn shed(&mut self) {
        let mut load = 0;
        for place in 0..self.found {
            load += self.jobs[place].work;
            while load > self.jobs[place].due {
                let Some(worst) = self.least_dense(place) else {
                    break;
                };
                self.jobs[worst].kept = false;
                load -= self.jobs[worst].work;
            }
        }
        load = 0;
        for job in &mut self.jobs[..self.found] {
            if job.kept {
                load += job.work;
                job.slack = job.due - load;
                if self.choice.is_none() && job.ready {
                    self.choice = Some(job.task);
                }
            }
        }
    }

    /// Returns the kept job of least value density up to `last`.
    fn least_dense(&self, last: usize) -> Option<usize> {
        let mut worst: Option<usize> = None;
        for place in 0..=last {
            let job = &self.jobs[place];
            if job.kept && worst.is_none_or(|worst| job.no_denser_than(&self.jobs[worst])) {
                worst = Some(place);
            }
        }
        worst
    }
}
