//! Small cases, computed by hand.

use sched::{
    items, mask, most_jobs, observe, Edf, Job, Parameters, Policy, RateMonotonic, RoundRobin,
    System, Table, Task, TaskState,
};

const NOMINAL: [&[Job]; 2] = [&[], &[]];

const fn task(id: usize, period: u32, deadline: u32, wcet: u32, offset: u32) -> Parameters {
    Parameters {
        id,
        name: "T",
        period,
        deadline,
        wcet,
        offset,
    }
}

/// Plays one episode; returns a letter a tick: a, b, ... for the tasks, `.` for idling.
fn schedule<const M: usize>(system: &mut System<M>, mut policy: impl Policy<M>) -> String {
    let mut text = String::new();
    while !system.is_finished() {
        let choice = policy.choose(system);
        text.push(choice.map_or('.', |task| (b'a' + task as u8) as char));
        system.step(choice);
    }
    text
}

/// Liu and Layland's point: utilization 2/5 + 4/7 = 0.97, above the bound of 0.83 for two tasks.
static OVER_THE_BOUND: [Parameters; 2] = [task(0, 5, 5, 2, 0), task(1, 7, 7, 4, 0)];

#[test]
fn rate_monotonic_misses_where_edf_does_not() {
    let mut system = System::new(&OVER_THE_BOUND, &NOMINAL, 35);
    // The second task has had 3 of 4 ticks when its deadline comes at 7.
    assert!(schedule(&mut system, RateMonotonic).starts_with("aabbbaabbb"));
    assert_eq!(system.tasks()[1].deadline_misses, 1);
    assert_eq!(system.tasks()[0].deadline_misses, 0);
    system.begin();
    assert!(schedule(&mut system, Edf).starts_with("aabbbbaabb"));
    assert_eq!(system.misses(), 0);
    assert_eq!(system.completions(), 35 / 5 + 35 / 7);
}

#[test]
fn a_tie_goes_to_the_task_last_dispatched() {
    static EQUAL: [Parameters; 2] = [task(0, 8, 8, 2, 1), task(1, 9, 9, 3, 0)];
    let mut system = System::new(&EQUAL, &NOMINAL, 8);
    // Both are due at 9: the second runs at 0 alone, and goes on.
    assert_eq!(schedule(&mut system, Edf), "bbbaa...");
    assert_eq!(system.switches(), 1);
}

#[test]
fn round_robin_takes_turns_by_its_quantum() {
    static TWO: [Parameters; 2] = [task(0, 10, 10, 3, 0), task(1, 10, 10, 3, 0)];
    let mut system = System::new(&TWO, &NOMINAL, 10);
    assert_eq!(schedule(&mut system, RoundRobin::new(1)), "ababab....");
    system.begin();
    assert_eq!(schedule(&mut system, RoundRobin::new(2)), "aabbab....");
    system.begin();
    assert_eq!(schedule(&mut system, RoundRobin::new(9)), "aaabbb....");
}

#[test]
fn a_table_is_repeated_from_its_beginning() {
    static TWO: [Parameters; 2] = [task(0, 4, 4, 1, 0), task(1, 4, 4, 1, 0)];
    let mut system = System::new(&TWO, &NOMINAL, 8);
    assert_eq!(
        schedule(&mut system, Table::new(&[0, -1, 1, -1])),
        "a.b.a.b."
    );
    assert_eq!(system.completions(), 4);
}

#[test]
fn a_job_is_abandoned_before_the_next_is_released() {
    static ONE: [Parameters; 1] = [task(0, 3, 3, 2, 0)];
    let mut system = System::new(&ONE, &[&[]], 6);
    for tick in 0..3 {
        assert_eq!(system.now(), tick);
        system.step(None);
    }
    let task = system.tasks()[0];
    assert_eq!(task.deadline_misses, 1);
    assert_eq!(
        (task.state, task.remaining, task.abs_deadline),
        (TaskState::Ready, 2, 6)
    );
}

#[test]
fn at_the_horizon_jobs_are_abandoned_and_none_is_released() {
    static ONE: [Parameters; 1] = [task(0, 3, 3, 2, 0)];
    let mut system = System::new(&ONE, &[&[]], 3);
    (0..3).for_each(|_| system.step(None));
    assert!(system.is_finished());
    assert_eq!(system.misses(), 1);
    assert!(!system.is_ready(0));
}

#[test]
fn a_task_goes_through_its_states() {
    let mut task = Task::new(&task(0, 10, 6, 2, 3));
    assert_eq!((task.state, task.next_release), (TaskState::Blocked, 3));
    task.release(2);
    assert_eq!(task.state, TaskState::Ready);
    assert_eq!(
        (task.abs_deadline, task.next_release, task.remaining),
        (9, 13, 2)
    );
    assert!(!task.tick_execute(5));
    assert_eq!(
        (task.state, task.remaining, task.since),
        (TaskState::Running, 1, 5)
    );
    assert!(task.tick_execute(6));
    assert_eq!((task.state, task.completions), (TaskState::Completed, 1));
    assert!(!task.check_deadline(100));
    task.release(2);
    assert!(!task.check_deadline(18));
    assert!(task.check_deadline(19));
    assert_eq!((task.state, task.deadline_misses), (TaskState::Blocked, 1));
}

#[test]
fn a_job_that_needs_less_than_its_wcet_shows_it_by_ending() {
    static ONE: [Parameters; 1] = [task(0, 8, 8, 4, 0)];
    static EARLY: [&[Job]; 1] = [&[Job {
        release: 2,
        execution: 1,
    }]];
    let mut system = System::new(&ONE, &EARLY, 8);
    assert!(!system.is_ready(0));
    system.step(None);
    system.step(Some(0));
    assert_eq!(system.tasks()[0].remaining, 4);
    assert_eq!(system.tasks()[0].abs_deadline, 8);
    system.step(Some(0));
    assert_eq!(system.tasks()[0].state, TaskState::Completed);
    assert_eq!((system.completions(), system.switches()), (1, 0));
}

#[test]
fn choosing_what_cannot_run_idles() {
    static TWO: [Parameters; 2] = [task(0, 4, 4, 1, 0), task(1, 4, 4, 1, 2)];
    let mut system = System::new(&TWO, &NOMINAL, 4);
    for choice in [Some(1), Some(2), None] {
        system.step(choice);
        assert_eq!(system.last(), None);
    }
    assert_eq!(system.now(), 3);
}

#[test]
fn the_mask_offers_ready_tasks_and_idling() {
    static TWO: [Parameters; 2] = [task(0, 4, 4, 1, 0), task(1, 4, 4, 1, 2)];
    let mut system = System::new(&TWO, &NOMINAL, 4);
    let mut allowed = [true; 4];
    mask(&system, false, &mut allowed);
    assert_eq!(allowed, [true, false, false, false]);
    mask(&system, true, &mut allowed);
    assert_eq!(allowed, [true, false, false, true]);
    system.step(Some(0));
    mask(&system, false, &mut allowed);
    assert_eq!(allowed, [false, false, false, true]);
}

#[test]
fn an_observation_leaves_room_for_tasks_that_are_not_there() {
    static ONE: [Parameters; 1] = [task(0, 8, 6, 3, 0)];
    let mut system = System::new(&ONE, &[&[]], 8);
    system.step(Some(0));
    let mut basic = [-1; 8];
    observe::basic(&system, 2, 10, &mut basic);
    // 5/6 and 2/3, rounded half up; it ran until now.
    assert_eq!(basic, [853, 0, 683, 1024, 0, 0, 0, 0]);
    let mut full = [-1; 12];
    observe::full(&system, 2, 10, &mut full);
    assert_eq!(full[..8], basic);
    // 7/8 of the longest period to the next release; the first task ran last.
    assert_eq!(full[8..], [896, 0, 1024, 0]);
}

#[test]
fn avoiding_a_miss_is_worth_two_completions() {
    // Five ticks due at 6 and two due long after the episode, which ends at 6: seven do not fit.
    // The first is worth 3 / 5 a tick, its completion and the avoided miss; the second 1 / 2.
    static TWO: [Parameters; 2] = [task(0, 6, 6, 5, 0), task(1, 20, 20, 2, 0)];
    const LISTED: usize = most_jobs(&[task(0, 6, 6, 5, 0), task(1, 20, 20, 2, 0)]);
    let system = System::new(&TWO, &NOMINAL, 6);
    let mut rows = [[-1; items::FEATURES]; 2];
    items::observe::<2, LISTED>(&system, 10, &mut rows);
    let (within, kept, first) = (14, 16, 17);
    assert_eq!([within, kept, first].map(|i| rows[0][i]), [1024; 3]);
    assert_eq!([within, kept, first].map(|i| rows[1][i]), [0; 3]);
}

#[test]
fn the_list_has_room_for_every_job_within_the_longest_deadline() {
    // 12 / 12 + 2 and 12 / 5 + 2.
    assert_eq!(most_jobs(&[task(0, 12, 12, 1, 0), task(1, 5, 5, 1, 0)]), 7);
}

#[test]
#[should_panic(expected = "1 <= wcet <= deadline <= period")]
fn contradicting_parameters_are_refused() {
    static WRONG: [Parameters; 1] = [task(0, 4, 5, 1, 0)];
    System::new(&WRONG, &[&[]], 8);
}

#[test]
#[should_panic(expected = "take `most_jobs`")]
fn a_list_that_is_too_short_is_refused() {
    static TWO: [Parameters; 2] = [task(0, 4, 4, 1, 0), task(1, 4, 4, 1, 0)];
    let system = System::new(&TWO, &NOMINAL, 8);
    items::observe::<2, 1>(&system, 10, &mut [[0; items::FEATURES]; 2]);
}
