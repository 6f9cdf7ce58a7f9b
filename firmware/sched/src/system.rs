//! The tick scheduler: which jobs there are, which task ran, what was missed.

use crate::job::Job;
use crate::parameters::Parameters;
use crate::state::TaskState;
use crate::task::Task;

/// `M` tasks on one processor.
///
/// Between calls it is at the point where a policy decides: after abandonment and release.
#[derive(Clone, Debug)]
pub struct System<const M: usize> {
    parameters: &'static [Parameters; M],
    jobs: &'static [&'static [Job]; M],
    next_job: [usize; M],
    tasks: [Task; M],
    now: u32,
    horizon: u32,
    max_period: u32,
    max_deadline: u32,
    last: Option<usize>,
    switches: u32,
}

impl<const M: usize> System<M> {
    /// Returns a system at time 0, with the jobs that arrive then released.
    ///
    /// A task with an empty list in `jobs` is nominal: every job is released on arrival and needs
    /// its WCET. Otherwise the list holds every job that arrives before `horizon`.
    ///
    /// # Panics
    ///
    /// Panics if a task's parameters contradict each other.
    pub fn new(
        parameters: &'static [Parameters; M],
        jobs: &'static [&'static [Job]; M],
        horizon: u32,
    ) -> System<M> {
        for (index, task) in parameters.iter().enumerate() {
            assert!(
                task.id == index
                    && (1..=task.deadline).contains(&task.wcet)
                    && task.deadline <= task.period
                    && task.period.max(task.offset).max(horizon) < 1 << 28,
                "a task needs its index as id, 1 <= wcet <= deadline <= period, and times < 2^28"
            );
        }
        let mut system = System {
            parameters,
            jobs,
            next_job: [0; M],
            tasks: parameters.each_ref().map(Task::new),
            now: 0,
            horizon,
            max_period: parameters.iter().map(|task| task.period).max().unwrap_or(1),
            max_deadline: parameters
                .iter()
                .map(|task| task.deadline)
                .max()
                .unwrap_or(1),
            last: None,
            switches: 0,
        };
        system.begin();
        system
    }

    /// Begins again at time 0.
    pub fn begin(&mut self) {
        self.next_job = [0; M];
        self.tasks = self.parameters.each_ref().map(Task::new);
        self.now = 0;
        self.last = None;
        self.switches = 0;
        self.release();
    }

    /// Runs the task with that index for one tick, or idles for `None`; then the next tick begins.
    ///
    /// If the task does not exist or has no job, the processor idles. At the horizon, jobs whose
    /// deadline has come are abandoned, and none is released.
    pub fn step(&mut self, choice: Option<usize>) {
        self.run(choice);
        for task in &mut self.tasks {
            task.check_deadline(self.now);
        }
        if self.now < self.horizon {
            self.release();
        }
    }

    fn run(&mut self, choice: Option<usize>) {
        self.now += 1;
        for task in &mut self.tasks {
            if task.state == TaskState::Running {
                task.state = TaskState::Ready;
            }
        }
        let Some(chosen) = choice.filter(|&task| self.is_ready(task)) else {
            return;
        };
        if self.last.is_some_and(|last| last != chosen) {
            self.switches += 1;
        }
        self.last = Some(chosen);
        self.tasks[chosen].tick_execute(self.now);
    }

    fn release(&mut self) {
        let next = self.tasks.iter_mut().zip(self.jobs).zip(&mut self.next_job);
        for ((task, jobs), next) in next {
            let job = if jobs.is_empty() {
                Job {
                    release: task.next_release,
                    execution: task.wcet,
                }
            } else if let Some(&job) = jobs.get(*next) {
                job
            } else {
                continue;
            };
            if job.release <= self.now {
                task.release(job.execution);
                *next += 1;
            }
        }
    }

    /// Returns the tasks, by index.
    pub fn tasks(&self) -> &[Task; M] {
        &self.tasks
    }

    /// Returns the tasks' parameters, by index.
    pub fn parameters(&self) -> &'static [Parameters; M] {
        self.parameters
    }

    /// Returns whether the task with that index has a job to run.
    #[inline(always)]
    pub fn is_ready(&self, task: usize) -> bool {
        self.tasks
            .get(task)
            .is_some_and(|task| task.state.wants_processor())
    }

    /// Returns the tick to decide.
    pub fn now(&self) -> u32 {
        self.now
    }

    /// Returns how many ticks an episode lasts.
    pub fn horizon(&self) -> u32 {
        self.horizon
    }

    /// Returns whether the horizon has been reached.
    pub fn is_finished(&self) -> bool {
        self.now >= self.horizon
    }

    /// Returns the longest period.
    pub fn max_period(&self) -> u32 {
        self.max_period
    }

    /// Returns the longest relative deadline.
    pub fn max_deadline(&self) -> u32 {
        self.max_deadline
    }

    /// Returns the task last dispatched; `None` before the first dispatch.
    pub fn last(&self) -> Option<usize> {
        self.last
    }

    /// Returns how often the dispatched task was not the one before.
    pub fn switches(&self) -> u32 {
        self.switches
    }

    /// Returns the jobs abandoned so far.
    pub fn misses(&self) -> u32 {
        self.tasks.iter().map(|task| task.deadline_misses).sum()
    }

    /// Returns the jobs finished so far.
    pub fn completions(&self) -> u32 {
        self.tasks.iter().map(|task| task.completions).sum()
    }
}
